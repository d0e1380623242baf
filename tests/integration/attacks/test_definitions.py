"""A search through the catalog for what would let an attacker in: it fails for a new function that nobody thought of."""

from __future__ import annotations

import pytest

# Functions that every role may execute, each with the reason.
FOR_EVERYBODY = {
    "pgml.version()": "tells a number",
    "pgml.hyperparameters(text,text)": "tells what plugins declare",
    "pgml.predict(text,double precision[])": "asks for the right to predict",
    "pgml.predict_model(bigint,double precision[])": "asks for the right to predict",
    "pgml.classify(text,double precision[])": "asks for the right to predict",
    "pgml.predict_proba(text,double precision[])": "asks for the right to predict",
    "pgml.predict_batch(text,double precision[])": "asks for the right to predict",
    "pgml.classes(text)": "asks for the right to predict",
    "pgml.score(text,text,text)": "asks for the right to predict, and reads as its caller",
    "pgml.score_proba(text,text,text)": "asks for the right to predict, and reads as its caller",
    "pgml.deploy(text,text,text)": "asks for the right to deploy",
    'pgml."grant"(text,text,regrole)': "asks whether the project is the caller's",
    "pgml.revoke(text,text,regrole)": "asks whether the project is the caller's",
    "pgml.export_sql(text,text)": "asks for the right to read",
    "pgml.export_sql(bigint,text)": "asks for the right to read",
    "pgml.export_model(text,text)": "asks for the right to read",
    "pgml.export_model(bigint,text)": "asks for the right to read",
    "pgml_internal.call(text,jsonb,text)": "acts as its caller, and asks for rights where it does not",
    "pgml_internal.result(jsonb)": "returns or raises what it is given",
    "pgml_internal.algorithms()": "tells what plugins declare",
    "pgml_internal.predict(text,double precision[])": "answers who was answered before in the same statement",
    "pgml_internal.predict_model(bigint,double precision[])": "answers who was answered before in the same statement",
    "pgml_internal.classify(text,double precision[])": "answers who was answered before in the same statement",
    "pgml_internal.predict_proba(text,double precision[])": "answers who was answered before in the same statement",
    "pgml_internal.predict_batch(text,integer[])": "answers nobody, and remembers who asks",
    "pgml_internal.classes(text)": "answers who was answered before in the same statement",
    "pgml_internal.run(text)": "runs as its caller what its caller could run",
    "pgml_internal.answer_first()": "takes no argument, and asks whether the role that predicts may",
    "pgml_doors.predict(character varying,double precision[])": "asks for the right to predict",
    "pgml_doors.predict(text,double precision[])": "asks for the right to predict",
    "pgml_doors.predict_array(text,anyarray)": "asks for the right to predict",
    "pgml_doors.predict_row(text,\"any\")": "asks for the right to predict",
    "pgml_doors.predict_model(numeric,double precision[])": "asks for the right to predict",
    "pgml_doors.predict_model(bigint,double precision[])": "asks for the right to predict",
    "pgml_doors.classify(character varying,double precision[])": "asks for the right to predict",
    "pgml_doors.classify(text,double precision[])": "asks for the right to predict",
    "pgml_doors.predict_proba(character varying,double precision[])": "asks for the right to predict",
    "pgml_doors.predict_proba(text,double precision[])": "asks for the right to predict",
    "pgml_doors.predict_batch(character varying,double precision[])": "asks for the right to predict",
    "pgml_doors.predict_batch(text,double precision[])": "asks for the right to predict",
    "pgml_internal.answer_rows(double precision[])": "takes rows, and asks whether the role that predicts may",
}

# Functions with a body that is parsed when it runs, without a search_path of their own, each with the reason.
IN_THE_CALLERS_PATH = {
    "pgml_internal.answer_carefully(bytea)": "Python that calls no SQL",
    "pgml_internal.answer_with(text,bytea)": "Python that calls no SQL",
    "pgml_internal.asked()": "Python that calls no SQL",
    "pgml_internal.classes(text)": "Python that calls no SQL",
    "pgml_internal.classify(text,double precision[])": "Python that calls no SQL",
    "pgml_internal.deployments_changed()": "Python that calls no SQL",
    "pgml_internal.hide_context(integer)": "Python that calls no SQL",
    "pgml_internal.predict(text,double precision[])": "Python that calls no SQL, and is on the hot path",
    "pgml_internal.predict_batch(text,integer[])": "Python that calls no SQL",
    "pgml_internal.predict_rows(double precision[],integer)": "Python that calls no SQL",
    "pgml_internal.predict_model(bigint,double precision[])": "Python that calls no SQL",
    "pgml_internal.predict_proba(text,double precision[])": "Python that calls no SQL",
    "pgml_internal.run(text)": "runs what it is given, as its caller",
    "pgml_doors.simplify(internal)": "C that looks no name up but in its own schema",
    **{
        f"pgml_doors.{signature}": "C that looks no name up but in pgml_internal"
        for signature in (
            "predict(text,double precision[])", "predict_array(text,anyarray)", 'predict_row(text,"any")',
            "predict_model(bigint,double precision[])", "classify(text,double precision[])",
            "predict_proba(text,double precision[])", "predict_batch(text,double precision[])",
        )
    },  # fmt: skip
}

SCHEMAS = "('pgml'::regnamespace, 'pgml_internal'::regnamespace, 'pgml_snapshots'::regnamespace, 'pgml_doors'::regnamespace)"
OWNER = "(SELECT nspowner FROM pg_namespace WHERE nspname = 'pgml_internal')"
FUNCTION = f"""
    SELECT p.oid::regprocedure::text FROM pg_proc AS p JOIN pg_language AS l ON l.oid = prolang WHERE pronamespace IN {SCHEMAS}
"""
PINNED = "coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false)"

# What is found is what is wrong: each query returns names, of which those on the list beside it are known.
SEARCHES = {
    "executable by everybody": (
        f"{FUNCTION} AND (proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0))",
        FOR_EVERYBODY,
    ),
    "with the rights of its owner in the caller's path": (f"{FUNCTION} AND prosecdef AND NOT {PINNED}", {}),
    # But for calls of what is in a schema where nobody else makes anything: no name in it is looked up anywhere else.
    "in SQL that is parsed when it runs": (
        f"{FUNCTION} AND lanname = 'sql' AND prosqlbody IS NULL AND prosrc !~ '^SELECT (\\* FROM )?pgml_doors\\.[a-z_]+\\(\\$1, \\$2\\)$'",
        {},
    ),
    "in another language in the caller's path": (
        f"{FUNCTION} AND lanname <> 'sql' AND NOT {PINNED}",
        IN_THE_CALLERS_PATH,
    ),
    "belonging to somebody else": (
        f"""
        {FUNCTION} AND proowner <> {OWNER}
        UNION ALL
        SELECT oid::regclass::text FROM pg_class WHERE relnamespace IN {SCHEMAS} AND relowner <> {OWNER}
        """,
        {},
    ),
    "a view of internal tables without a barrier": (
        """
        SELECT DISTINCT v.oid::regclass::text
        FROM pg_class AS v
        JOIN pg_rewrite AS r ON r.ev_class = v.oid
        JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
        JOIN pg_class AS t ON t.oid = d.refobjid AND t.relnamespace = 'pgml_internal'::regnamespace AND t.relkind = 'r'
        WHERE v.relkind = 'v' AND v.relnamespace = 'pgml'::regnamespace
            AND NOT coalesce('security_barrier=true' = ANY (v.reloptions), false)
        """,
        {},
    ),
    "open to everybody for more than to be read": (
        f"""
        SELECT format('%s on %s', privilege_type, c.oid::regclass) FROM pg_class AS c, aclexplode(relacl)
        WHERE relnamespace IN {SCHEMAS} AND grantee = 0
            AND NOT (privilege_type = 'SELECT' AND relnamespace = 'pgml'::regnamespace)
        """,
        {},
    ),
    "in schema pgml, but no function, view or data set": (
        """
        SELECT pg_describe_object(classid, objid, 0)
        FROM pg_depend LEFT JOIN pg_class AS c ON classid = 'pg_class'::regclass AND c.oid = objid
        WHERE refclassid = 'pg_namespace'::regclass AND refobjid = 'pgml'::regnamespace AND classid <> 'pg_proc'::regclass
            AND (relkind = 'v' OR obj_description(c.oid, 'pg_class') = 'a data set that pgml.load_dataset loaded') IS NOT TRUE
        """,
        {},
    ),
    "without a comment": (
        f"""
        {FUNCTION} AND obj_description(p.oid, 'pg_proc') IS NULL
        UNION ALL
        SELECT oid::regclass::text FROM pg_class
        WHERE relnamespace IN {SCHEMAS} AND relkind IN ('r', 'v') AND relname !~ '^(rights|snapshot)_'
            AND obj_description(oid, 'pg_class') IS NULL
        UNION ALL
        SELECT format('%s.%s', attrelid::regclass, attname)
        FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid
        WHERE relnamespace = 'pgml'::regnamespace AND relkind = 'v' AND attnum > 0
            AND col_description(attrelid, attnum) IS NULL
        """,
        {},
    ),
}

# For each search something that it must find.
OFFENCES = {
    "executable by everybody": "CREATE FUNCTION pgml.careless() RETURNS int LANGUAGE sql RETURN 1",
    "with the rights of its owner in the caller's path": "ALTER FUNCTION pgml_internal.answer_first() RESET search_path",
    "in SQL that is parsed when it runs": "CREATE FUNCTION pgml_internal.careless() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "in another language in the caller's path": "ALTER FUNCTION pgml_internal.call(text, jsonb, text) SET search_path = pg_temp, pg_catalog",
    "belonging to somebody else": "ALTER FUNCTION pgml.version() OWNER TO anna",
    "a view of internal tables without a barrier": "ALTER VIEW pgml.models RESET (security_barrier)",
    "open to everybody for more than to be read": "GRANT INSERT ON pgml.linnerud TO PUBLIC",
    "in schema pgml, but no function, view or data set": "CREATE TABLE pgml.careless ()",
    "without a comment": "COMMENT ON COLUMN pgml.models.digest IS NULL",
}  # fmt: skip


@pytest.mark.parametrize("search", SEARCHES)
def test_nothing_is_found_but_what_is_known(c_door, house, search):
    query, known = SEARCHES[search]
    assert {name for (name,) in house.owner.execute(query)} == set(known)


@pytest.mark.parametrize("search", OFFENCES)
def test_an_offence_is_found(house, search):
    query, known = SEARCHES[search]
    house.owner.execute(f"BEGIN; {OFFENCES[search]}")
    assert {name for (name,) in house.owner.execute(query)} - set(known)
    house.owner.execute("ROLLBACK")


def test_the_schemas_are_for_whom_they_are_for(house):
    assert house.owner.execute(
        "SELECT nspname, CASE grantee WHEN 0 THEN 'everybody' ELSE pg_get_userbyid(grantee) END, privilege_type"
        " FROM pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) WHERE nspname ~ '^pgml' AND grantee <> nspowner"
        " AND pg_get_userbyid(grantee) NOT IN ('anna', 'paul', 'rita', 'tom', 'dora', 'mallory')"
        " ORDER BY 1"
    ) == [("pgml_doors", "everybody", "USAGE"), ("pgml_snapshots", "everybody", "USAGE")]


def test_each_snapshot_asks_for_the_right_to_read(house):
    assert house.owner.execute(
        "SELECT oid::regclass::text FROM pg_class AS c WHERE relnamespace = 'pgml_snapshots'::regnamespace AND relkind = 'r'"
        " AND NOT (relrowsecurity AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid))"
    ) == []
