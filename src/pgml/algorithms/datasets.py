"""The data sets that ``pgml.load_dataset`` knows from the start: those that scikit-learn ships, no network needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgml.plugin.dataset import Dataset
from pgml.plugin.hookspecs import hookimpl

if TYPE_CHECKING:
    import pandas


def diabetes() -> pandas.DataFrame:
    """Return 442 patients; ten measurements, centred and scaled as scikit-learn gives them."""
    from sklearn.datasets import load_diabetes

    return load_diabetes(as_frame=True).frame


def digits() -> pandas.DataFrame:
    """Return 1,797 handwritten digits, each an image of 8 x 8 grey levels from 0 to 16 in one array."""
    import pandas
    from sklearn.datasets import load_digits

    images, target = load_digits(return_X_y=True)
    return pandas.DataFrame({"image": list(images.astype("int16")), "target": target.astype("int16")})


def iris() -> pandas.DataFrame:
    """Return 150 iris flowers of three species, measured in centimetres."""
    from sklearn.datasets import load_iris

    frame = load_iris(as_frame=True).frame
    frame.columns = [name.removesuffix(" (cm)").replace(" ", "_") for name in frame.columns]
    return frame.astype({"target": "int32"})


def wine() -> pandas.DataFrame:
    """Return 178 wines of three growers, each with 13 chemical measurements."""
    from sklearn.datasets import load_wine

    return load_wine(as_frame=True).frame.astype({"target": "int32"})


def breast_cancer() -> pandas.DataFrame:
    """Return 569 tumours with 30 measurements each; the target is 0 for malignant, 1 for benign."""
    from sklearn.datasets import load_breast_cancer

    return load_breast_cancer(as_frame=True).frame.astype({"target": "int32"})


def linnerud() -> pandas.DataFrame:
    """Return 20 men: three exercises, then three targets, weight, waist and pulse."""
    from sklearn.datasets import load_linnerud

    frame = load_linnerud(as_frame=True).frame
    return frame.rename(columns=str.lower)


@hookimpl
def pgml_datasets() -> list[Dataset]:
    return [
        Dataset("diabetes", "Disease progression of 442 patients after a year (regression).", diabetes),
        Dataset("digits", "1,797 handwritten digits as arrays of 64 grey levels (classification).", digits),
        Dataset("iris", "150 flowers of three iris species (classification).", iris),
        Dataset("wine", "178 wines of three growers (classification).", wine),
        Dataset("breast_cancer", "569 tumours, malignant or benign (classification).", breast_cancer),
        Dataset(
            "linnerud", "20 men, three exercises and three physical targets (joint regression).", linnerud
        ),
    ]
