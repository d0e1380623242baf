"""A plugin that provides data sets, good ones and bad ones."""

import pgml


def of_every_type():
    import numpy as np
    import pandas as pd

    kinds = ("float64", "float32", "int16", "int32", "int64", "bool")
    frame = pd.DataFrame({kind: np.array([1, 0, 1], dtype=kind) for kind in kinds})
    frame['odd "name"'] = ["a", None, "it's"]
    frame["numbers"] = [np.array([1.5, np.nan]), np.array([2.5, 3.0]), np.array([0.0, np.inf])]
    frame["target"] = [1.0, np.nan, 3.0]
    return frame


def raising():
    raise OSError("the file is damaged")


def no_table():
    return [1, 2, 3]


def unknown_type():
    import pandas as pd

    return pd.DataFrame({"when": pd.to_datetime(["2026-01-01"])})


@pgml.hookimpl
def pgml_datasets():
    loaders = (of_every_type, raising, no_table, unknown_type)
    return [pgml.Dataset(load.__name__, "A data set for tests.", load) for load in loaders]
