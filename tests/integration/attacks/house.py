"""The house that is broken into: roles, projects, snapshots, models and data sets, and what mallory tries to do there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from sessions import Session

# anna, tom and dora may train. sue is a superuser, to whom pgml does not belong.
ROLES = ("anna", "paul", "rita", "tom", "dora", "sue", "mallory")

# What each has in anna's project, harvest. Mallory has nothing.
RIGHTS = {"paul": "predict", "rita": "read", "tom": "train", "dora": "deploy"}

POPULATED = """
ALTER ROLE sue SUPERUSER;
CREATE TABLE points AS SELECT i::float8 AS a, (i % 7)::float8 AS b, i * 2.0::float8 + i % 7 AS target FROM generate_series(1, 60) AS i;
GRANT SELECT ON points TO PUBLIC;
CREATE TABLE vault (opened_by text);
CREATE SCHEMA anna AUTHORIZATION anna;
CREATE TABLE anna.fields AS SELECT * FROM points;
ALTER TABLE anna.fields OWNER TO anna;
GRANT USAGE ON SCHEMA pgml TO anna, paul, rita, tom, dora;
GRANT EXECUTE ON FUNCTION pgml.train TO anna, tom, dora;
GRANT USAGE ON SCHEMA public TO PUBLIC;
"""

# All that an ordinary role needs, and on top of it what PostgreSQL 14 gives to everybody.
MALLORY = """
GRANT USAGE ON SCHEMA pgml TO mallory;
GRANT EXECUTE ON FUNCTION pgml.train TO mallory;
GRANT CREATE ON SCHEMA public TO mallory;
CREATE SCHEMA mallory AUTHORIZATION mallory;
GRANT USAGE ON SCHEMA mallory TO PUBLIC;
"""

# Says who ran it, in a way that a rollback leaves as it is, and makes the most of it.
LOOT = """
CREATE FUNCTION mallory.loot() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RAISE WARNING 'mallory is now %', current_user;
    INSERT INTO public.vault VALUES (current_user);
    ALTER ROLE mallory SUPERUSER;
    RETURN true;
EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR read_only_sql_transaction THEN
    RETURN true;
END $$;
"""

# Takes away what mallory made and what she was given.
DISPOSSESS = "ALTER ROLE mallory NOSUPERUSER; TRUNCATE vault; DROP OWNED BY mallory CASCADE;"

# What belongs to others than mallory, in a form that can be compared.
STATE = """
SELECT 'project', p.name, p.objective, r.relname, (
    SELECT string_agg(attname || attacl::text, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = p.rights AND attnum > 0
) FROM pgml_internal.projects AS p LEFT JOIN pg_class AS r ON r.oid = p.rights WHERE p.name = ANY ('{harvest,crown}')
UNION ALL
SELECT 'model', p.name, m.digest, m.algorithm_name, md5(a.predictor)
FROM pgml_internal.models AS m JOIN pgml_internal.projects AS p ON p.id = project_id
LEFT JOIN pgml_internal.artifacts AS a ON model_id = m.id WHERE p.name = ANY ('{harvest,crown}')
UNION ALL
SELECT 'deployment', p.name, d.model_id::text, strategy, d.id::text
FROM pgml_internal.deployments AS d JOIN pgml_internal.projects AS p ON p.id = project_id WHERE p.name = ANY ('{harvest,crown}')
UNION ALL
SELECT 'snapshot', p.name, s.relation_name, c.relacl::text, s.row_count::text
FROM pgml_internal.snapshots AS s JOIN pgml_internal.projects AS p ON p.id = project_id
LEFT JOIN pg_class AS c ON c.relname = 'snapshot_' || s.id WHERE p.name = ANY ('{harvest,crown}')
UNION ALL
SELECT 'project of', p.name, pg_get_userbyid(given.grantee), NULL, NULL
FROM pgml_internal.projects AS p JOIN pg_attribute AS a ON attrelid = p.rights AND attname = 'own', aclexplode(attacl) AS given
WHERE pg_get_userbyid(given.grantee) <> 'mallory'
UNION ALL
SELECT 'role', rolname, rolsuper::text, rolcreaterole::text, NULL FROM pg_roles WHERE rolname = 'mallory'
UNION ALL
SELECT 'vault', opened_by, NULL, NULL, NULL FROM vault
UNION ALL
SELECT 'table', c.relname, pg_get_userbyid(c.relowner), c.relacl::text, NULL
FROM pg_class AS c WHERE relnamespace = 'pgml'::regnamespace
ORDER BY 1, 2, 3, 4, 5
"""


class House:
    """A database with all of that, and a session for each role, kept so that its engine stays warm."""

    def __init__(self, database):
        self.database = database
        self._sessions: dict[str, Session] = {}
        for role in ROLES:
            database.role(role)
        self.owner = Session(database.connect())  # a superuser, to whom pgml belongs
        self.owner.execute(POPULATED)
        self.owner.execute(MALLORY)
        anna, sue = self.session("anna"), self.session("sue")
        anna.train("harvest", "regression", "anna.fields", "target")
        anna.train("harvest", hyperparams='{"fit_intercept": false}')
        anna.train("harvest", algorithm="ridge", deploy=False)
        anna.execute("SELECT pgml.deploy('harvest', 'most_recent')")
        for role, privilege in RIGHTS.items():
            anna.execute("SELECT pgml.grant('harvest', %s, %s)", privilege, role)
        sue.train("crown", "regression", "points", "target")
        sue.execute("SELECT pgml.load_dataset('linnerud')")
        self.snapshot = anna.value("SELECT table_name FROM pgml.snapshots")

    def session(self, role: str) -> Session:
        """Return the session of a role, always the same one."""
        if role == "owner":
            return self.owner
        if role not in self._sessions:
            self._sessions[role] = self.another(role)
        return self._sessions[role]

    def another(self, role: str) -> Session:
        """Return a new session of a role."""
        return Session(self.database.connect(user=role, password=role))

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Check that the block leaves everybody but mallory as they were; clean up after her."""
        self.owner.execute(LOOT + "ALTER FUNCTION mallory.loot() OWNER TO mallory")
        before = self.owner.execute(STATE)
        yield
        gained = self.looters() - {"mallory"}
        self._reset()
        after = self.owner.execute(STATE)
        self.forget_projects()
        self.owner.execute(DISPOSSESS + MALLORY)
        assert not gained, f"mallory's code ran as {gained}"
        assert after == before

    def forget_projects(self) -> None:
        """Drop the projects that are not of the house."""
        self.owner.execute("DELETE FROM pgml_internal.projects WHERE name NOT IN ('harvest', 'crown')")

    def looters(self) -> set[str]:
        """Return the roles that mallory's code was run as since this was asked last."""
        found = set()
        for session in (self.owner, *self._sessions.values()):
            found |= {said.split()[-1] for said in session.notices if "mallory is now" in said}
            session.notices.clear()
        return found

    def _reset(self) -> None:
        for session in (self.owner, *self._sessions.values()):
            if session.connection.info.transaction_status != TRANSACTION_STATUS_IDLE:
                session.execute("ROLLBACK")
            session.execute("DISCARD ALL")
