"""A prediction service as it is commonly written: FastAPI around a pickled estimator, named by ``MODEL``."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
model = pickle.loads(Path(os.environ["MODEL"]).read_bytes())  # noqa: S301 - made by the measurement itself


class Row(BaseModel):
    features: list[float]


@app.post("/predict")
async def predict(
    row: Row,
) -> dict[str, float]:  # not handed to a thread, which would take longer than most models
    return {"prediction": float(model.predict(np.array([row.features]))[0])}
