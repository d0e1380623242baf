"""Databases that were dumped and restored into another server: predictions, rights and numbers go on as before."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from places import ROLES, Place, make_roles, new_place

from pgml.server.cluster import Cluster
from pgml.server.installation import install_schema

PREDICTIONS = "SELECT project, pgml.predict(project, features) FROM expected WHERE project NOT LIKE 'Near%'"
GRANTS = "TABLE pgml.grants"
MODELS = "SELECT id, project_id, snapshot_id, digest FROM pgml.models"


@pytest.fixture(scope="module")
def elsewhere(server_folder) -> Iterator[Cluster]:
    """Another server, without roles but its owner's."""
    server = Cluster(server_folder / "elsewhere", settings={"fsync": "off", "full_page_writes": "off"})
    with server.locked():
        server.start(address="")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def fresh_populated(old_server: Cluster) -> Iterator[Place]:
    """A fresh installation in which roles have trained."""
    with new_place(old_server, "fresh") as place:
        place.execute(
            """
            CREATE TABLE sales AS SELECT i % 90 AS area, i % 5 AS rooms, 3.0 * (i % 90) + i % 5 AS price FROM generate_series(1, 80) AS i;
            GRANT USAGE ON SCHEMA pgml TO analyst, application;
            GRANT EXECUTE ON FUNCTION pgml.train TO analyst;
            GRANT SELECT ON sales TO analyst;
            CREATE TABLE expected (project text, features float8[]);
            INSERT INTO expected SELECT project, ARRAY[area, rooms] FROM sales, unnest('{Sales,Line}'::text[]) AS project
            """
        )
        place.as_role("analyst").train("Sales", "regression", "sales", "price")
        place.as_role("analyst").train("Sales", algorithm="ridge")
        place.as_role("analyst").execute("SELECT pgml.grant('Sales', 'predict', 'application')")
        place.as_role("postgres").train("Line", "regression", "sales", "price", "lasso")
        place.execute("SELECT pgml.grant('Line', 'read', 'application'); SELECT pgml.load_dataset('iris')")
        yield place


@pytest.fixture(params=["upgraded_once", "fresh_populated"])
def source(request) -> Place:
    return request.getfixturevalue(request.param)


@contextlib.contextmanager
def place_with(server: Cluster, *roles: str) -> Iterator[Place]:
    """An empty database of a server that has these roles meanwhile."""
    with contextlib.ExitStack() as ends:
        owner = ends.enter_context(contextlib.closing(server.connect("postgres")))
        with new_place(server) as place:
            make_roles(place, *roles)
            for role in roles:
                ends.callback(owner.cursor().execute, f"DROP ROLE {role}")
            yield place


def test_all_of_it_is_there(source, elsewhere):
    with place_with(elsewhere, *ROLES) as place:
        dump = source.dump()
        assert place.restore(dump) == []
        assert place.dump() == dump
        assert place.execute(PREDICTIONS) == source.execute(PREDICTIONS)
        assert place.execute(GRANTS) == source.execute(GRANTS)
        install_schema(place.dsn)  # which brings the functions of the module in C, where it can be had
        assert place.connect().execute(PREDICTIONS) == source.execute(PREDICTIONS)
        assert install_schema(place.dsn) == []
        assert place.dump() == dump


def test_roles_go_on_with_what_is_theirs(source, elsewhere):
    with place_with(elsewhere, *ROLES) as place:
        place.restore(source.dump())
        place.execute("GRANT SELECT ON expected TO application")
        analyst, application = (place.as_role(role) for role in ROLES)
        assert application.execute(PREDICTIONS) == source.execute(PREDICTIONS)
        assert application.refused("SELECT pgml.train('Sales')").pgcode == "42501"
        assert analyst.refused("SELECT pgml.train('Line')").pgcode == "42501"
        ((last_model, last_snapshot),) = place.execute("SELECT max(id), max(snapshot_id) FROM pgml.models")
        analyst.train("Sales", algorithm="lasso")
        analyst.train("Of one's own", "regression", "sales", "price")
        assert place.execute("SELECT max(id), max(snapshot_id) FROM pgml.models") == [(last_model + 2, last_snapshot + 1)]
        assert analyst.execute("SELECT name FROM pgml.projects WHERE owner = 'analyst'") == [("Of one's own",), ("Sales",)]
        analyst.execute("SELECT pgml.deploy('Sales', 'most_recent')")
        assert application.execute(PREDICTIONS) != source.execute(PREDICTIONS)
        analyst.execute("SELECT pgml.deploy('Sales', 'rollback')")
        assert application.execute(PREDICTIONS) == source.execute(PREDICTIONS)


@pytest.mark.parametrize("there", [(), ("analyst",)])
def test_where_a_role_is_missing_only_what_it_was_given_is_lost(source, elsewhere, there):
    missing = [role for role in ROLES if role not in there]
    with place_with(elsewhere, *there) as place:
        assert set(place.restore(source.dump())) == {f'role "{role}" does not exist' for role in missing}
        assert place.execute(PREDICTIONS) == source.execute(PREDICTIONS)
        assert place.execute(MODELS) == source.execute(MODELS)
        names = "SELECT name FROM pgml.projects"
        assert place.execute(names) == source.execute(names)
        kept = [grant for grant in source.execute(GRANTS) if grant[1] not in missing]
        assert place.execute(GRANTS) == kept
        assert place.as_role("postgres").train("Sales", algorithm="ridge")[0] == "Sales"


def test_a_project_whose_owner_is_missing_can_be_given_to_others(upgraded_once, elsewhere):
    with place_with(elsewhere, "application") as place:
        place.restore(upgraded_once.dump())
        assert place.execute("SELECT owner FROM pgml.projects WHERE name = 'Sales'") == [(None,)]
        place.execute("SELECT pgml.grant('Sales', 'deploy', 'application')")
        place.as_role("application").execute("SELECT pgml.deploy('Sales', 'most_recent')")
        assert place.execute("SELECT algorithm_name FROM pgml.deployed_models WHERE name = 'Sales'") == [("extra_trees",)]
