"""Names that mallory has taken: none of pgml's own is looked up where she could have put something else."""

from __future__ import annotations

import pytest
from impostors import settle

# What people do. Every name in them says where it is from, so that only pgml is left to be fooled.
ORDINARY = {
    "train": "SELECT * FROM pgml.train('{mine}', 'regression', 'public.points', 'target')",
    "train again": "SELECT * FROM pgml.train('{mine}')",
    "predict": "SELECT pgml.predict('{mine}', '{{1,2}}')",
    "predict from an array": "SELECT pgml.predict('{mine}', ARRAY[1,2])",
    "predict a table": "SELECT pg_catalog.sum(pgml.predict('{mine}', ARRAY[a, b])) FROM public.points",
    "deploy": "SELECT * FROM pgml.deploy('{mine}', 'most_recent')",
    "roll back": "SELECT * FROM pgml.deploy('{mine}', 'rollback')",
    "grant": "SELECT pgml.grant('{mine}', 'train', 'paul')",
    "revoke": "SELECT pgml.revoke('{mine}', 'predict', 'paul')",
    "load a data set": "SELECT pgml.load_dataset('linnerud')",
    "look": "TABLE pgml.projects; TABLE pgml.snapshots; TABLE pgml.models; TABLE pgml.deployments; TABLE pgml.grants;"
    "TABLE pgml.trained_models; TABLE pgml.deployed_models; TABLE pgml.overview; TABLE pgml.schema_version; TABLE pgml.algorithms",
    "ask": "SELECT pgml.version(); SELECT * FROM pgml.hyperparameters('ridge', 'regression')",
    "do": "DO 'BEGIN PERFORM pgml.train(''{mine}''); PERFORM pgml.predict(''{mine}'', ''{{1,2}}''); END'",
    "prepare": "PREPARE p AS SELECT pgml.predict('{mine}', ARRAY[a, b]) FROM public.points; EXECUTE p; EXECUTE p; DEALLOCATE p",
    "predict in parallel": "SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0;"
    "SELECT pg_catalog.sum(pgml.predict('{mine}', ARRAY[a, b])) FROM public.points",
}  # fmt: skip
MISTAKEN = {
    "an unknown project": "SELECT pgml.predict('nothing', '{1}')",
    "an unknown project to deploy": "SELECT pgml.deploy('nothing')",
    "an unknown relation": "SELECT pgml.train('new', 'regression', 'nowhere', 'y')",
    "an unknown column": "SELECT pgml.train('new', 'regression', 'public.points', 'y')",
    "too few features": "SELECT pgml.predict('harvest', '{1}')",
}

# A function of the victim's that anybody may call, as PostgreSQL's manual says to write one.
WRAPPED = """
CREATE FUNCTION {owner}_does(statement text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS
    'BEGIN EXECUTE statement; END';
ALTER FUNCTION {owner}_does(text) OWNER TO {owner};
"""


@pytest.fixture(params=["mallory", "public"])
def schema(request, house, mallory) -> str:
    """A schema that is full of impostors."""
    settle(mallory, request.param)
    mallory.execute("BEGIN")
    mallory.execute(f"SET LOCAL search_path = {request.param}, pg_catalog; SELECT format('%s', 1::float8), 'a'::text = 'b'")
    mallory.execute("ROLLBACK")
    assert house.looters() == {"mallory"}, "they are no impostors"
    return request.param


@pytest.mark.parametrize("victim", ["anna", "sue", "owner"])
def test_nobody_meets_an_impostor_through_the_search_path(house, schema, victim):
    session = house.session(victim)
    for path in (f"{schema}, pg_catalog", f"{schema}, pg_catalog, pg_temp", f'"$user", {schema}', f"pgml, {schema}, pg_catalog"):
        session.execute("BEGIN")
        session.execute(f"SET LOCAL search_path = {path}")
        for name, statement in ORDINARY.items():
            if name != "load a data set" or victim != "anna":
                session.execute(statement.format(mine="hers"))
        for statement in MISTAKEN.values():
            session.execute("SAVEPOINT here")
            session.refused(statement)
            session.execute("ROLLBACK TO here")
        session.execute("ROLLBACK")
        assert house.looters() == set(), path


@pytest.mark.parametrize("victim", ["anna", "sue"])
def test_nobody_meets_an_impostor_among_temporary_objects(house, mallory, victim):
    """With an empty search_path types and relations are looked for among the temporary ones first."""
    settle(mallory, "pg_temp")
    house.owner.execute(WRAPPED.format(owner=victim))
    try:
        mallory.execute("BEGIN")
        for name, statement in ORDINARY.items():
            if name != "load a data set" or victim != "anna":
                mallory.execute(f"SELECT {victim}_does(%s)", statement.format(mine="theirs"))
        for statement in MISTAKEN.values():
            mallory.execute("SAVEPOINT here")
            mallory.refused(f"SELECT {victim}_does(%s)", statement)
            mallory.execute("ROLLBACK TO here")
        assert house.looters() == set()
        mallory.execute(f"SELECT {victim}_does('SELECT 1::text')")
        assert house.looters() == {victim}, "they are no impostors"
        mallory.execute("ROLLBACK")
    finally:
        house.owner.execute(f"DROP FUNCTION {victim}_does(text)")
