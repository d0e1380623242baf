"""An environment with plugins in it: the tests' own packages, and beside them what a test installs."""

from __future__ import annotations

import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path

from pgml.server.cluster import Cluster

SOURCES = Path(__file__).parents[2] / "plugins"  # the tests' own, of one file each
PACKAGES = Path(__file__).parents[3] / "plugins"  # those that are published


class Environment:
    """A virtual environment that sees all that is installed for the tests."""

    def __init__(self, folder: Path):
        venv.create(folder, symlinks=True)
        self.folder = folder
        self.python = folder / "bin" / "python"
        (self.site,) = folder.glob("lib/python*/site-packages")
        seen = "".join(f"import site; site.addsitedir({path!r})\n" for path in site.getsitepackages())
        (self.site / "tests.pth").write_text(seen)

    def install(self, module: str) -> None:
        """Install a plugin of one file, as pip leaves it: the module and a folder that says what it is."""
        name = module.replace("_", "-")
        shutil.copy(SOURCES / f"{module}.py", self.site)
        about = self.site / f"{module}-0.1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
        (about / "entry_points.txt").write_text(f"[pgml]\n{module.removeprefix('pgml_')} = {module}\n")

    def install_package(self, folder: Path) -> None:
        """Install a package with pip, from a copy of its folder and without a network."""
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        source = shutil.copytree(folder, self.folder / "source" / folder.name)
        subprocess.run(
            [*pip, "--no-build-isolation", f"--target={self.site}", str(source)],
            check=True,
            capture_output=True,
        )


class Server(Cluster):
    """A private server whose engines run in an environment of their own, with a limit to their memory."""

    def __init__(self, home: Path, environment: Environment, megabytes: int, settings: dict[str, str]):
        super().__init__(home, settings)
        self._engines = {"PGML_PYTHON": str(environment.python), "PGML_ENGINE_MEMORY": str(megabytes)}

    def environment(self) -> dict[str, str]:
        return super().environment() | self._engines
