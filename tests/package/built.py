"""The functions' packages for this machine, built by the code that builds them for Lambda; and Lambda's Python."""

from __future__ import annotations

import fcntl
import hashlib
import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from stacks import build
from stacks.bundling import layer

CLIENT = layer.CHECKOUT / "requirements" / "locked" / "lambda-client.txt"
_PROCESSORS = {"arm64": "aarch64", "AMD64": "x86_64"}  # as macOS and Windows call them
_BUILT = layer.CHECKOUT / "build" / "host"


def lambda_python() -> str | None:
    """A Python of the version that the functions run on, or None."""
    version = f"python{layer.PYTHON}"
    for found in _candidates(version):
        command = [found, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.stdout.strip() == layer.PYTHON:
            return found
    return None


def _candidates(version: str) -> Iterator[str]:
    if on_path := shutil.which(version):
        yield on_path  # pyenv's is a script that may find none
    home = Path.home()
    places = (home / ".pyenv/versions", home / ".local/share/uv/python", Path("/opt"), Path("/usr/local"))
    yield from (str(path) for place in places for path in sorted(place.glob(f"*/bin/{version}")))


def runs_here() -> bool:
    """Whether this machine can run what Lambda runs, built for its own processor."""
    return platform.system() == "Linux" and platform.machine() in ("x86_64", "aarch64")


def packages(requirements: Path) -> Path:
    """The packages of a requirements file for this machine, built once. Raises BuildError."""
    machine = layer.platform(_PROCESSORS.get(platform.machine(), platform.machine()))
    digest = hashlib.sha256(requirements.read_bytes() + "\0".join(machine).encode()).hexdigest()[:16]
    folder = _BUILT / f"{requirements.parent.name}-{requirements.stem}-{digest}"
    _BUILT.mkdir(parents=True, exist_ok=True)
    with (_BUILT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the test's processes build one after another
        if not folder.is_dir():
            partial = folder.with_name(f"{folder.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            build.install(requirements, partial, machine)
            partial.rename(folder)
    return folder


def size(folder: Path) -> int:
    """Bytes of all files in the folder, as Lambda counts an unzipped package."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
