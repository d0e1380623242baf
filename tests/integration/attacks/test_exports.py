"""Exporting shows a model: those who may only predict get none of it, whatever they call it by."""

from __future__ import annotations

import pytest
from test_rights import refused

MODEL = "(SELECT min(m.id) FROM pgml_internal.models AS m JOIN pgml_internal.projects AS p ON p.id = project_id WHERE name = %s)"
EVERY = ("export_sql({}, 'f')", "export_model({})", "export_model({}, 'onnx')", "export_model({}, 'native')")


@pytest.mark.parametrize("call", EVERY)
def test_who_may_predict_exports_nothing(house, call):
    number = house.owner.value(f"SELECT {MODEL}", "harvest")
    paul = house.session("paul")
    for which in ("'harvest'", f"{number}::bigint"):
        said = refused(paul, f"SELECT pgml.{call.format(which)}")
        assert said.startswith('permission denied for project "harvest": that needs the privilege read')


@pytest.mark.parametrize("call", EVERY)
def test_who_has_no_right_does_not_learn_what_there_is(house, mallory, call):
    number = house.owner.value(f"SELECT {MODEL}", "crown")
    for role in ("mallory", "paul"):  # he may predict with another project
        session = house.session(role)
        hidden = session.refused(f"SELECT pgml.{call.format(f'{number}::bigint')}")
        missing = session.refused(f"SELECT pgml.{call.format('999999::bigint')}")
        assert hidden.pgcode == missing.pgcode == "ML022"
        assert str(hidden).replace(str(number), "999999") == str(missing)
        refused(session, f"SELECT pgml.{call.format(chr(39) + 'crown' + chr(39))}")


def test_a_reader_exports_but_trains_nothing(house, anna):
    """The format of the library takes a training, which is for the administrator to give."""
    rita = house.session("rita")
    number = anna.value("SELECT min(id) FROM pgml.models")
    for which in ("'harvest'", f"{number}::bigint"):
        assert rita.value(f"SELECT pgml.export_sql({which}, 'f')") == anna.value(
            f"SELECT pgml.export_sql({which}, 'f')"
        )
        assert bytes(rita.value(f"SELECT pgml.export_model({which})")) == bytes(
            anna.value(f"SELECT pgml.export_model({which})")
        )
        assert refused(rita, f"SELECT pgml.export_model({which}, 'native')").startswith(
            "permission denied for function train"
        )
        assert house.session("tom").value(f"SELECT length(pgml.export_model({which}, 'native')) > 0")


def test_a_plan_made_for_a_superuser_exports_for_nobody_else(house, sue):
    number = house.owner.value(f"SELECT {MODEL}", "harvest")
    for place, call in enumerate(EVERY[:2]):
        sue.execute(f"PREPARE by_name_{place} AS SELECT pgml.{call.format(chr(39) + 'harvest' + chr(39))}")
        sue.execute(f"PREPARE by_number_{place} AS SELECT pgml.{call.format(f'{number}::bigint')}")
        for prepared in (f"by_name_{place}", f"by_number_{place}"):
            sue.execute(f"EXECUTE {prepared}")
            sue.execute("SET ROLE paul")
            refused(sue, f"EXECUTE {prepared}")
            sue.execute("RESET ROLE")


def test_a_right_that_was_taken_back_exports_nothing(house, anna, mallory):
    number = anna.value("SELECT min(id) FROM pgml.models")
    anna.execute("SELECT pgml.grant('harvest', 'read', 'mallory')")
    mallory.execute("BEGIN")
    mallory.execute("SELECT pgml.export_model(%s::bigint)", number)
    mallory.execute("SAVEPOINT here")
    anna.execute("SELECT pgml.revoke('harvest', 'read', 'mallory')")
    refused(mallory, "SELECT pgml.export_model(%s::bigint)", number)
    mallory.execute("ROLLBACK TO here")
    refused(mallory, "SELECT pgml.export_sql('harvest', 'f')")
    anna.execute("SELECT pgml.revoke('harvest', 'predict', 'mallory')")
    mallory.execute("ROLLBACK TO here")
    assert mallory.refused("SELECT pgml.export_model(%s::bigint)", number).pgcode == "ML022"


def test_the_name_of_a_function_runs_nothing(house, mallory):
    """It is read as a name with the rights of pgml's owner, and that is all that happens to it."""
    mallory.execute(
        "CREATE TABLE mallory.t AS TABLE points; SELECT pgml.train('hers', 'regression', 'mallory.t', 'target')"
    )
    for name in (
        "mallory.loot()",
        "f; SELECT mallory.loot()",
        "$$; SELECT mallory.loot(); $$",
        "f'); SELECT mallory.loot(); --",
    ):
        assert mallory.refused("SELECT pgml.export_sql('hers', %s)", name).pgcode == "ML009"
    created = mallory.value("""SELECT pgml.export_sql('hers', 'mallory."x(); SELECT mallory.loot(); --"')""")
    assert created.startswith('CREATE OR REPLACE FUNCTION "mallory"."x(); SELECT mallory.loot(); --"(')
    house.forget_projects()
