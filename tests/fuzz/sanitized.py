"""Run Python on a pgml whose C module is built with the sanitizers: ``python sanitized.py -m pytest tests/unit/predictors``.

What it builds stays in the environment's own folder until the sources change. An access outside of an object, an
overflow or another undefined operation ends the process with a report, and so with an exit code.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# A conversion from float to integer that does not fit belongs to neither of the two groups.
SANITIZE = "-fsanitize=address,undefined,float-cast-overflow"
FLAGS = f"{SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g"
LIBRARIES = ("libasan.so", "libubsan.so")
OPTIONS = {
    # A buffer of Python that lies between others, in memory that Python has got before, would hide what is read past it.
    "PYTHONMALLOC": "malloc",
    # Python leaks on purpose when it ends. One frame of each allocation is enough for a report, and takes half the time.
    "ASAN_OPTIONS": "detect_leaks=0:malloc_context_size=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "OMP_NUM_THREADS": "1",  # threads that wait for each other take most of the time otherwise
    "OPENBLAS_NUM_THREADS": "1",
}
# Reads past the end of a buffer in the C library, which AddressSanitizer replaces where it is at work.
OVERREAD = "import ctypes; ctypes.string_at(ctypes.create_string_buffer(1000), 1001)"
LOADED = "from pgml.predictors import _evaluate; print(_evaluate.__file__)"


def build(folder: Path) -> Path:
    """Return the folder to import pgml from, which is built anew where its sources have changed."""
    sources = [path for path in (ROOT / "src" / "pgml").rglob("*") if path.suffix in (".c", ".h", ".py")]
    hashed = hashlib.sha256(FLAGS.encode())
    for path in [ROOT / "pyproject.toml", *sorted(sources)]:
        hashed.update(path.read_bytes())
    library, stamp = folder / "library", folder / "built-from"
    if stamp.is_file() and stamp.read_text() == hashed.hexdigest():
        return library
    shutil.rmtree(folder, ignore_errors=True)
    setup = ["-c", "from setuptools import setup; setup()", "--quiet", "build"]
    folders = ["--build-base", str(folder / "temporary"), "--build-lib", str(library)]
    environment = {**os.environ, "CFLAGS": FLAGS, "LDFLAGS": SANITIZE}
    subprocess.run([sys.executable, *setup, *folders], cwd=ROOT, env=environment, check=True)
    require_sanitized(library)
    stamp.write_text(hashed.hexdigest())
    return library


def require_sanitized(library: Path) -> None:
    """Exit where the C module is not there, which setuptools does not mind, or has no sanitizer in it."""
    modules = list((library / "pgml" / "predictors").glob("_evaluate.*"))
    if len(modules) != 1:
        sys.exit(f"the C module was not built: there are {len(modules)} in {library}")
    for call in (b"__asan_report_load8", b"__ubsan_handle_out_of_bounds"):
        if call not in modules[0].read_bytes():
            sys.exit(f"{modules[0].name} was built without {SANITIZE}: it never calls {call.decode()}")


def environment(library: Path) -> dict[str, str]:
    """Return the environment in which Python imports that pgml, and the sanitizers see all that it allocates."""
    found = [
        subprocess.run(["cc", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in LIBRARIES
    ]
    missing = [name for name in found if not os.path.isabs(name)]
    if missing:
        sys.exit(f"the C compiler has no {' and no '.join(missing)}")
    # Python itself is not built with them, so that they have to be loaded first.
    return {**os.environ, **OPTIONS, "LD_PRELOAD": ":".join(found), "PYTHONPATH": str(library)}


def require_watched(library: Path) -> None:
    """Exit where Python does not load the C module that was built here, or a read past a buffer goes unnoticed."""
    prepared = {"env": environment(library), "capture_output": True, "text": True, "check": False}
    loaded = subprocess.run([sys.executable, "-c", LOADED], **prepared)
    if not loaded.stdout.startswith(str(library)):
        sys.exit(f"the C module of {library} is not what Python loads: {loaded.stdout or loaded.stderr}")
    overread = subprocess.run([sys.executable, "-c", OVERREAD], **prepared)
    if overread.returncode == 0 or "heap-buffer-overflow" not in overread.stderr:
        sys.exit(f"AddressSanitizer is not at work: a read past a buffer went unnoticed\n{overread.stderr}")


if __name__ == "__main__":
    built = build(Path(sys.prefix) / "sanitized")
    require_watched(built)
    os.execve(sys.executable, [sys.executable, *sys.argv[1:]], environment(built))
