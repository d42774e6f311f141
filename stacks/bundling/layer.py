"""The Lambda layers: where they are built, for which platform, and whether they match their requirements file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PYTHON = "3.13"


def platform(machine: str) -> tuple[str, ...]:
    """pip's options for packages that run in Lambda on this processor architecture (`aarch64`, `x86_64`)."""
    # Lambda runs Python 3.13 on Amazon Linux 2023, which has glibc 2.34. pip matches the names of platforms exactly, so
    # all older glibc versions must be listed.
    names = (*(f"manylinux_2_{minor}_{machine}" for minor in range(34, 4, -1)), f"manylinux2014_{machine}")
    options = [option for name in names for option in ("--platform", name)]
    return (*options, "--python-version", PYTHON, "--implementation", "cp")


PLATFORM = platform("aarch64")


@dataclass(frozen=True)
class Layer:
    """A layer with its locked requirements and the folder that it is built in."""

    name: str
    requirements: Path
    folder: Path

    @property
    def _mark(self) -> Path:
        return self.folder.with_suffix(".sha256")

    def is_current(self) -> bool:
        """Whether the layer was built from the current requirements file."""
        return self.folder.is_dir() and self._mark.is_file() and self._mark.read_text() == self._wanted()

    def mark(self) -> None:
        """Records what the layer was built from."""
        self._mark.write_text(self._wanted())

    def unmark(self) -> None:
        """Removes the record before the layer changes, so that an interrupted build is not current."""
        self._mark.unlink(missing_ok=True)

    def _wanted(self) -> str:
        """Hash of the inputs of the build: requirements and platform."""
        return hashlib.sha256(self.requirements.read_bytes() + "\0".join(PLATFORM).encode()).hexdigest()


def _layer(name: str, requirements: str, folder: str) -> Layer:
    return Layer(name, CHECKOUT / "requirements" / "locked" / requirements, CHECKOUT / "build" / folder)


DEPENDENCIES = _layer("Dependencies", "lambda.txt", "layer")
SCORING = _layer("Scoring", "lambda-scoring.txt", "layer-scoring")
"""Only the scoring function has this layer in addition: other functions start faster without it."""
RETRIEVAL = _layer("Retrieval", "lambda-retrieval.txt", "layer-retrieval")
"""Only the preprocessing function has this layer in addition: a function with both would be too large for Lambda."""
LAYERS = (DEPENDENCIES, SCORING, RETRIEVAL)
