"""Models of pgml 0.1.0 that only their plugin can evaluate, after an upgrade."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from environment import Server
from places import ROLES, Place, make_roles, new_place, restore_old

from pgml.server.installation import install_schema


@pytest.fixture(scope="module")
def upgraded(plugin_server: Server) -> Iterator[Place]:
    """The database of 0.1.0 on a server whose engines have the plugin, after its upgrade."""
    with new_place(plugin_server) as place:
        make_roles(place, *ROLES)
        restore_old(place)
        install_schema(place.dsn)
        yield place
        place.execute("DROP OWNED BY analyst, application CASCADE; DROP ROLE analyst, application")


def test_every_prediction_is_the_same_to_the_last_bit(upgraded):
    compared = upgraded.execute(
        "SELECT project, count(*), count(*) FILTER (WHERE pgml.predict(project, features) IS DISTINCT FROM prediction)"
        " FROM expected WHERE project LIKE 'Near%' GROUP BY project ORDER BY project"
    )
    assert compared == [("Near", 10, 0), ("Near scaled", 10, 0)]


def test_a_role_that_may_predict_does(upgraded):
    upgraded.execute("GRANT SELECT ON expected TO application")
    everywhere = "SELECT pgml.predict(project, features) FROM expected WHERE project LIKE 'Near%'"
    assert upgraded.as_role("application").execute(everywhere) == upgraded.execute(everywhere)


@pytest.mark.parametrize(("project", "algorithm"), [("Near", "nearest"), ("Near scaled", "nearest_scaled")])
def test_training_again_gives_the_same_model(upgraded, project, algorithm):
    everywhere = "SELECT pgml.predict(project, features) FROM expected WHERE project = %s"
    before = upgraded.execute(everywhere, project)
    upgraded.as_role("postgres").train(project, algorithm=algorithm)
    upgraded.execute("SELECT pgml.deploy(%s, 'most_recent')", project)
    assert upgraded.execute(everywhere, project) == before
    assert upgraded.execute("SELECT max(model_id) > 15 FROM pgml.deployments") == [(True,)]
