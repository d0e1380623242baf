"""Who may do what after an upgrade: projects belong to those who trained them, and nobody sees more than before."""

from __future__ import annotations

import pytest
from places import Place

from pgml.server.installation import install_schema


@pytest.fixture(scope="module")
def analyst(upgraded_once):
    """The role that trained "Sales", and had CREATE on schema pgml and UPDATE on all of its tables."""
    return upgraded_once.as_role("analyst")


@pytest.fixture(scope="module")
def application(upgraded_once):
    """The role that could read the models in order to predict."""
    return upgraded_once.as_role("application")


def test_a_project_belongs_to_the_role_that_trained_it(upgraded_once):
    owners = dict(upgraded_once.execute("SELECT name, owner FROM pgml.projects"))
    assert owners.pop("Sales") == "analyst"
    assert set(owners.values()) == {"postgres"}
    assert len(owners) == 9


def test_its_owner_may_do_everything(upgraded):
    analyst = upgraded.as_role("analyst")
    upgraded.execute("GRANT SELECT ON sales TO analyst")
    assert analyst.train("Sales", algorithm="ridge", deploy=False)[3] == "not deployed"
    assert analyst.train("Sales", None, "sales", "price", "lasso")[0] == "Sales"
    assert analyst.execute("SELECT algorithm_name FROM pgml.deploy('Sales', 'most_recent')") == [("lasso",)]
    assert analyst.value("SELECT count(*) FROM pgml.models") == 4
    assert analyst.value("SELECT count(*) FROM pgml_snapshots.snapshot_10") == 80
    analyst.execute("SELECT pgml.grant('Sales', 'read', 'application')")
    assert upgraded.as_role("application").value("SELECT count(*) FROM pgml_snapshots.snapshot_10") == 80
    assert analyst.train("Of one's own", "regression", "sales", "price")[3] == "deployed"
    assert analyst.value("SELECT pgml.load_dataset('wine')") == "OK"


def test_others_projects_are_for_predicting(upgraded_once, analyst, application):
    everywhere = "SELECT project, pgml.predict(project, features) FROM expected WHERE project NOT LIKE 'Near%'"
    upgraded_once.execute("GRANT SELECT ON expected TO analyst, application")
    assert analyst.execute(everywhere) == upgraded_once.execute(everywhere)
    assert application.execute(everywhere) == upgraded_once.execute(everywhere)
    assert application.refused("SELECT pgml.predict('Undeployed', '{1,1,1,1,1}')").pgcode == "ML015"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pgml.train('Line')",
        "SELECT pgml.train('Line', NULL, 'sales', 'price')",
        "SELECT pgml.deploy('Line', 'most_recent')",
        "SELECT pgml.grant('Line', 'read', 'analyst')",
        "CREATE TABLE pgml.mine (x int)",
        "CREATE FUNCTION pgml.predict(text, integer[]) RETURNS float8 LANGUAGE sql RETURN 1",
        "CREATE TABLE pgml_snapshots.mine (x int)",
        "TABLE pgml_internal.artifacts",
        "UPDATE pgml_internal.deployments SET model_id = 1",
        "SELECT nextval('pgml_internal.models_id_seq')",
        "SELECT pgml_internal.create_rights(1, 'analyst'::regrole)",
        "TABLE pgml_snapshots.snapshot_1",
        "DELETE FROM pgml_snapshots.snapshot_10",
        "ALTER TABLE pgml_snapshots.snapshot_10 ALTER price TYPE text",
        "DROP TABLE pgml_snapshots.snapshot_10",
    ],
)
def test_what_a_trainer_of_version_1_may_no_longer_do(analyst, application, statement):
    assert analyst.refused(statement).pgcode == "42501"
    assert application.refused(statement).pgcode == "42501"


def test_one_sees_the_models_of_ones_own_projects(analyst, application):
    assert analyst.execute("SELECT DISTINCT name FROM pgml.trained_models") == [("Sales",)]
    assert analyst.execute("SELECT DISTINCT project_name FROM pgml.grants") == [("Sales",)]
    assert application.execute("SELECT name FROM pgml.trained_models") == []
    assert application.execute("TABLE pgml.grants") == []
    assert application.value("SELECT count(*) FROM pgml.projects") == 10


def test_who_may_only_predict_may_not_train(application):
    assert application.refused("SELECT pgml.train('Mine', 'regression', 'sales', 'price')").pgcode == "42501"
    assert application.refused("SELECT pgml.load_dataset('wine')").pgcode == "42501"


def test_data_sets_are_for_all_to_read(application, analyst):
    assert application.value("SELECT count(*) FROM pgml.iris") == 150
    assert application.refused("TABLE pgml.linnerud").pgcode == "42501", "it is of the analyst, who gave nothing"
    assert analyst.value("SELECT count(*) FROM pgml.linnerud") == 20
    error = analyst.refused("SELECT pgml.load_dataset('linnerud')")
    assert "pgml.linnerud exists and is not a data set" in error.diag.message_primary


def shared(old: Place) -> None:
    """Have the analyst train on the project "Line" of postgres, as 0.1.0 would have noted it."""
    old.execute("INSERT INTO pgml.snapshots VALUES (11, 8, 'sales', 'price', 80)")
    old.execute("CREATE TABLE pgml.snapshot_11 AS TABLE sales; ALTER TABLE pgml.snapshot_11 OWNER TO analyst")


def test_a_project_that_several_trained_shows_no_one_the_rows_of_the_others(old):
    """Whoever came first: rows of `snapshots` could be written by everyone who trained."""
    shared(old)
    old.execute("UPDATE pgml.models SET snapshot_id = 11 WHERE snapshot_id = 4")
    old.execute("UPDATE pgml.snapshots SET id = 20 WHERE id = 4; ALTER TABLE pgml.snapshot_4 RENAME TO snapshot_20")
    said = install_schema(old.dsn)
    assert (
        'Note: project "Line" was trained by postgres and analyst: it belongs to postgres now, and pgml.grant gives rights '
        "in it." in said
    )
    assert old.execute("SELECT owner FROM pgml.projects WHERE name = 'Line'") == [("postgres",)]
    assert old.as_role("analyst").refused("TABLE pgml_snapshots.snapshot_20").pgcode == "42501"


def test_rights_that_roles_gave_on_to_others_are_kept_as_rights_to_predict(old):
    old.execute("CREATE ROLE clerk LOGIN PASSWORD 'clerk'; GRANT USAGE ON SCHEMA pgml TO clerk")
    try:
        old.execute("GRANT SELECT ON pgml.artifacts TO application WITH GRANT OPTION")
        old.as_role("application").execute("GRANT SELECT ON pgml.artifacts TO clerk")
        install_schema(old.dsn)
        predict = "SELECT pgml.predict('Sales', '{50,3}')"
        assert old.as_role("clerk").execute(predict) == old.execute(predict)
        assert old.as_role("clerk").refused("TABLE pgml_internal.artifacts").pgcode == "42501"
    finally:
        old.execute("DROP OWNED BY clerk; DROP ROLE clerk")
