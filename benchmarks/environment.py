"""The environment of what pgml is measured against: `.bench`, beside `.venv`, which it leaves as it is."""

from __future__ import annotations

import subprocess
import sys
import venv
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOME = ROOT / ".bench"
PYTHON = HOME / "bin" / "python"
SITE = HOME / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
ORBITAL = "orbital>=0.6"  # apart from the rest, which is measured without it too
REQUIREMENTS = Path(__file__).parent / "peers" / "requirements.txt"
# Both sides run the same estimators, which also travel from one to the other as pickles.
SAME = ("numpy", "pandas", "psycopg2-binary", "scikit-learn", "scipy")


def ensure_environment() -> None:
    """Make the environment, unless it is there with what is required now."""
    import xgboost

    constraints = [f"{name}=={version(name)}" for name in SAME]
    constraints += [f"{name}=={xgboost.__version__}" for name in ("xgboost", "xgboost-cpu")]
    wanted = "\n".join([sys.version, ORBITAL, *constraints, REQUIREMENTS.read_text()])
    stamp = HOME / "installed-from"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(
        "Installing what pgml is measured against into .bench; this takes a minute or two ...",
        file=sys.stderr,
    )
    venv.create(HOME, clear=True, with_pip=True)
    (HOME / "constraints.txt").write_text("\n".join(constraints))
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pip += ["-c", HOME / "constraints.txt"]
    subprocess.run([*pip, "-r", REQUIREMENTS], check=True)
    subprocess.run([*pip, ORBITAL])
    stamp.write_text(wanted)
