"""The Lambda layers: packages for Lambda's platform, and whether they are what their requirements ask for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PYTHON = "3.13"


def platform(machine: str) -> tuple[str, ...]:
    """pip's options for packages that run on Lambda's Linux, on this kind of processor (`aarch64`, `x86_64`)."""
    # Amazon Linux 2023, on which Lambda runs Python 3.13, has glibc 2.34; pip takes a platform by its exact name only.
    names = (*(f"manylinux_2_{minor}_{machine}" for minor in range(34, 4, -1)), f"manylinux2014_{machine}")
    options = [option for name in names for option in ("--platform", name)]
    return (*options, "--python-version", PYTHON, "--implementation", "cp")


PLATFORM = platform("aarch64")


@dataclass(frozen=True)
class Layer:
    """A layer, the file that lists its packages, and the folder that it is built in."""

    name: str
    requirements: Path
    folder: Path

    @property
    def _mark(self) -> Path:
        return self.folder.with_suffix(".sha256")

    def is_current(self) -> bool:
        """Whether the layer is built from the requirements as they stand."""
        return self.folder.is_dir() and self._mark.is_file() and self._mark.read_text() == self._wanted()

    def mark(self) -> None:
        """Notes what the layer was built from."""
        self._mark.write_text(self._wanted())

    def unmark(self) -> None:
        """The layer is about to change."""
        self._mark.unlink(missing_ok=True)

    def _wanted(self) -> str:
        """Hash of everything that decides what is in the layer."""
        return hashlib.sha256(self.requirements.read_bytes() + "\0".join(PLATFORM).encode()).hexdigest()


def _layer(name: str, requirements: str, folder: str) -> Layer:
    return Layer(name, CHECKOUT / "lambdas" / requirements, CHECKOUT / "build" / folder)


DEPENDENCIES = _layer("Dependencies", "requirements.txt", "layer")
SCORING = _layer("Scoring", "requirements-scoring.txt", "layer-scoring")
"""For the scoring function alone, which has both: other functions start faster without it."""
LAYERS = (DEPENDENCIES, SCORING)
