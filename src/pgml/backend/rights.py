"""Who may use a project: its owner gives privileges in it, and takes them."""

from __future__ import annotations

from pgml.backend import serving
from pgml.backend.arguments import require
from pgml.backend.store import PRIVILEGES, Project, Store
from pgml.errors import InvalidArgument, choices_hint


class Rights:
    """The privileges of roles in projects. Each includes those before it in PRIVILEGES."""

    def __init__(self, store: Store):
        self._store = store

    def grant(self, project_name: str, privilege: str, role: int) -> None:
        """Give a role a privilege in a project, and those that it builds on; ``own`` hands the project over."""
        project = self._own(project_name, privilege, role, (*PRIVILEGES, "own"))
        if privilege == "own":
            self._store.hand_over(project, role)
        else:
            self._store.change_rights(project, role, PRIVILEGES[: PRIVILEGES.index(privilege) + 1], give=True)
        serving.distrust()  # it may be rolled back in the same statement

    def revoke(self, project_name: str, privilege: str, role: int) -> None:
        """Take a privilege in a project from a role, and those that build on it."""
        project = self._own(project_name, privilege, role, PRIVILEGES)
        self._store.change_rights(project, role, PRIVILEGES[PRIVILEGES.index(privilege) :], give=False)
        serving.distrust()

    def _own(self, project_name: str, privilege: str, role: int, privileges: tuple[str, ...]) -> Project:
        """Return a project of the caller's own, whose rights may be changed for a role that is not its owner."""
        require(project_name=project_name, privilege=privilege, role=role)
        if privilege not in privileges:
            raise InvalidArgument(
                f'unknown privilege "{privilege}"', hint=choices_hint(privilege, privileges)
            )
        project = self._store.project(project_name, "own")
        name = self._store.role_name(role)
        if name == self._store.owner(project):
            raise InvalidArgument(f'{name} owns the project "{project.name}" and has every privilege in it')
        return project
