"""An ONNX graph under construction: each operation is a call that returns the name of its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

_OPERATORS = 21  # of ONNX 1.16, which was the first with TreeEnsemble
_OPERATORS_ML = 5
_IR = 10
_ML = "ai.onnx.ml"


class Graph:
    """Operations on the input ``features``, float64 [rows, n_features]."""

    def __init__(self, n_features: int):
        self.features = "features"
        self._input = helper.make_tensor_value_info(
            self.features, onnx.TensorProto.DOUBLE, ["rows", n_features]
        )
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def constant(self, values: Any, dtype: type = np.float64) -> str:
        """Return the name of an array of numbers."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.array(values, dtype=dtype, order="C"), name))
        return name

    def apply(self, operator: str, *inputs: str, results: int = 1, **attributes: Any) -> Any:
        """Return the name of the operation's result; a list of names, if there are several."""
        names = [
            f"{operator.lower()}_{len(self._nodes)}" + ("" if results == 1 else f"_{i}")
            for i in range(results)
        ]
        domain = _ML if operator == "TreeEnsemble" else ""
        self._nodes.append(helper.make_node(operator, list(inputs), names, domain=domain, **attributes))
        return names[0] if results == 1 else names

    def double(self, values: str) -> str:
        """Return values as float64."""
        return self.apply("Cast", values, to=onnx.TensorProto.DOUBLE)

    def single(self, values: str) -> str:
        """Return values as float32."""
        return self.apply("Cast", values, to=onnx.TensorProto.FLOAT)

    def whole(self, values: str) -> str:
        """Return values as int64."""
        return self.apply("Cast", values, to=onnx.TensorProto.INT64)

    def sigmoid(self, values: str, dtype: type = np.float64) -> str:
        """Return 1 / (1 + exp(-values)), to the last digits: runtimes approximate their own."""
        one = self.constant(1.0, dtype)
        return self.apply("Div", one, self.apply("Add", one, self.apply("Exp", self.apply("Neg", values))))

    def output(self, name: str, values: str, dtype: type, shape: Sequence[int | str]) -> None:
        """Make values an output of that name."""
        self._nodes.append(helper.make_node("Identity", [values], [name]))
        self._outputs.append(
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)
        )

    def model(self, about: Mapping[str, str]) -> bytes:
        """Return the bytes of the checked model; ``about`` is kept in it."""
        graph = helper.make_graph(self._nodes, "pgml", [self._input], self._outputs, self._constants)
        opsets = [helper.make_opsetid("", _OPERATORS), helper.make_opsetid(_ML, _OPERATORS_ML)]
        model = helper.make_model(graph, producer_name="pgml", opset_imports=opsets, ir_version=_IR)
        helper.set_model_props(model, dict(about))
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))


def tensor(values: np.ndarray, kind: int) -> onnx.TensorProto:
    """Return an attribute that is an array of numbers of one of onnx's types."""
    return helper.make_tensor("values", kind, values.shape, values.tobytes(), raw=True)
