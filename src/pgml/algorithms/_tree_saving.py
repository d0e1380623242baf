"""Ensembles of trees in few large parts: saved member by member, they take longer to save than to grow."""

from __future__ import annotations

import copy
from typing import Any

_OWN = ("tree_", "random_state")  # what members do not have in common


def take_apart(fitted: Any) -> dict[str, Any] | None:
    """Return the parts of a fitted ensemble; None where it has no such members, or they differ in more than trees.

    ``ensemble`` is the estimator without members and ``member`` the first one without its tree; ``shape`` is
    how the members are arranged, None for a list. Of all trees together there are ``nodes`` [nodes]
    (scikit-learn's structure) and ``values`` [nodes, outputs, classes], of each its ``sizes`` and ``depths``.
    """
    import numpy as np

    if not hasattr(fitted, "estimators_"):
        return None
    members = _flat(fitted.estimators_)
    member, ensemble = copy.copy(members[0]), copy.copy(fitted)
    if not all(_alike(vars(each), vars(member)) for each in members):
        return None
    for name in _OWN:
        setattr(member, name, None)
    ensemble.estimators_ = None
    states = [each.tree_.__getstate__() for each in members]
    return {
        "ensemble": ensemble,
        "member": member,
        "shape": None if isinstance(fitted.estimators_, list) else list(fitted.estimators_.shape),
        "nodes": np.concatenate([state["nodes"] for state in states]),
        "values": np.concatenate([state["values"] for state in states]),
        "sizes": np.array([state["node_count"] for state in states]),
        "depths": np.array([state["max_depth"] for state in states]),
    }


def put_together(parts: dict[str, Any]) -> Any:
    """Return the ensemble that :func:`take_apart` took apart, able to predict what it did."""
    import numpy as np
    from sklearn.tree._tree import Tree

    n_outputs, n_classes = parts["values"].shape[1:]
    members = []
    stop = 0
    for size, depth in zip(parts["sizes"].tolist(), parts["depths"].tolist(), strict=True):
        start, stop = stop, stop + size
        member = copy.copy(parts["member"])
        member.tree_ = Tree(member.n_features_in_, np.full(n_outputs, n_classes, dtype=np.intp), n_outputs)
        member.tree_.__setstate__(
            {
                "max_depth": depth,
                "node_count": size,
                "nodes": parts["nodes"][start:stop],
                "values": parts["values"][start:stop],
            }
        )
        members.append(member)
    ensemble = parts["ensemble"]
    ensemble.estimators_ = members
    if parts["shape"] is not None:
        ensemble.estimators_ = np.array(members, dtype=object).reshape(parts["shape"])
    return ensemble


def _flat(members: Any) -> list[Any]:
    return members if isinstance(members, list) else members.ravel().tolist()


def _alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Return whether the attributes of two members are equal, but for those that each has of its own."""
    import numpy as np

    return one.keys() == other.keys() and all(
        name in _OWN or np.array_equal(one[name], other[name]) for name in one
    )
