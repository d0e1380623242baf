"""A predictor as the text of a function in SQL."""

from __future__ import annotations

from collections.abc import Sequence

from pgml.errors import NotExportable
from pgml.predictors.export.described import Described, Forest, described, forest_of
from pgml.predictors.export.sql import answer, forest, linear, literals
from pgml.predictors.export.sql.arguments import Arguments, arguments
from pgml.predictors.read.parts import Common

# How large an expression PostgreSQL plans in a tenth of a second, and how deep one may nest in 2 MB of stack.
MOST_LEAVES = 20_000
DEEPEST = 2_000
_OTHERS = {
    "dense": "a neural network",
    "kernel": "a model of support vectors, or of others of its training rows,",
    "uncompiled": "a model that only its plugin's own code can evaluate",
}
_FORMATS = "pgml.export_model has other formats: onnx, native, safetensors"
_BEYOND_SINGLE = 2.0**128 - 2.0**103  # what is rounded to float32 from here on is infinite


def create_function(predictor: bytes, name: Sequence[str], about: str) -> str:
    """Return statements that create the function ``name`` (schema, if any, and name) and say what it is.

    Its answers are those of the predictor, NULL where that one refuses a row. ``about`` is where the model is from.
    Raises NotExportable where it has no such form, or one that is too large.
    """
    model = described(predictor)
    takes = arguments(model.features)
    body = _body(model, takes)
    declared = ", ".join(f"{argument} {sql_type}" for argument, sql_type in takes.declared)
    function = ".".join(map(literals.name, name))
    return (
        f"CREATE OR REPLACE FUNCTION {function}({declared}) RETURNS float8\n"
        f"LANGUAGE sql IMMUTABLE PARALLEL SAFE\nRETURN {body};\n"
        f"COMMENT ON FUNCTION {function}({takes.types}) IS\n    {literals.text(_comment(model, about))};\n"
    )


def _body(model: Described, takes: Arguments) -> str:
    common = model.common
    if model.family == "linear":
        _check_size("coefficients", common.n_scores * common.n_features, common.n_features)
        scores = linear.scores(common, *model.parts, takes.features)
        if _once(common):
            scores = [f"nullif(nullif(nullif({scores[0]},\n        'NaN'), 'Infinity'), '-Infinity')"]
            return answer.answer(common, scores)
        single_input = common.single
    elif model.family in ("forest", "oblivious"):
        parts = forest_of(model)
        _check_forest(common, parts)
        scores = forest.scores(common, parts, _scaled(common, takes.features))
        single_input = parts.single_input
    else:
        raise NotExportable(
            f"{_OTHERS[model.family]} has no form in SQL: linear models and trees do",
            hint=_FORMATS,
        )
    compared = _scaled(common, takes.features) if single_input else takes.features
    return _guarded(common, compared, single_input, answer.answer(common, scores))


def _once(common: Common) -> bool:
    """Whether NULL, NaN and infinity show in the only score, so that each feature need be used once only.

    Then PostgreSQL puts the function's body in place of its call whatever the arguments are.
    """
    return (
        common.n_scores == 1
        and not common.missing
        and not common.single
        and common.output not in ("exp", "sigmoid")
    )


def _scaled(common: Common, features: Sequence[str]) -> list[str]:
    """Return the SQL of the features as they are compared."""
    if common.center is None:
        return list(features)
    scaling = zip(features, common.center, common.scale)
    return [
        f"(({feature} - {literals.untyped(center)}) / {literals.untyped(scale)})"
        for feature, center, scale in scaling
    ]


def _guarded(common: Common, values: Sequence[str], single_input: bool, body: str) -> str:
    """Return the answer, NULL for a row that the predictor refuses: an infinite value, or a missing one."""
    limit = literals.untyped(_BEYOND_SINGLE) if single_input else "'Infinity'"
    if common.missing:
        refused = " OR ".join(f"abs({value}) BETWEEN {limit} AND 'Infinity'" for value in values)
        return f"CASE WHEN {refused} THEN NULL ELSE\n    {body}\nEND"
    if single_input:
        accepted = " AND ".join(f"abs({value}) < {limit}" for value in values)
    else:  # a sum shows by itself that NULL, NaN or infinity is in it
        accepted = f"abs({' + '.join(values)}) < {limit}"
    return f"CASE WHEN {accepted} THEN\n    {body}\nEND"


def _check_forest(common: Common, parts: Forest) -> None:
    if parts.weights is not None:
        raise NotExportable(
            "a model that answers with the weighted median of its trees has no form in SQL, only sums of trees do",
            hint=_FORMATS,
        )
    n_trees = n_leaves = depth = 0
    for tree in parts.trees:
        n_trees, n_leaves, depth = n_trees + 1, n_leaves + tree.leaves, max(depth, tree.depth)
    copies = 1 if parts.leaves is None else common.n_scores
    of_classes = f", for each of {copies} classes" if copies > 1 else ""
    _check_size(f"leaves ({n_trees} trees{of_classes})", copies * n_leaves, n_trees + depth)


def _check_size(what: str, size: int, nested: int) -> None:
    """Raise NotExportable for an expression that PostgreSQL would be too long at, or could not nest so deep."""
    for number, most, said in (
        (size, MOST_LEAVES, f"{size} {what}"),
        (nested, DEEPEST, f"an expression that nests {nested} deep"),
    ):
        if number > most:
            raise NotExportable(
                f"the function would have {said}, and the limit is {most}",
                hint=f"train a smaller model; {_FORMATS}",
            )


def _comment(model: Described, about: str) -> str:
    common = model.common
    known = "" if common.missing else ", NULL or NaN"
    sentences = [
        about,
        f"The features are, in this order: {', '.join(model.features)}.",
        f"The answer is NULL where a feature is infinite{known}"
        + (", which a missing value (NULL or NaN) is not." if common.missing else "."),
    ]
    if common.classes is not None:
        sentences.append(f"The labels are: {', '.join(f'{label:g}' for label in common.classes)}.")
    return " ".join(sentences)
