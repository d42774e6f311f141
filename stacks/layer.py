"""Where the layer of Lambda dependencies is, and whether it is what lambdas/requirements.txt asks for."""

from __future__ import annotations

import hashlib
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
REQUIREMENTS = CHECKOUT / "lambdas" / "requirements.txt"
LAYER = CHECKOUT / "build" / "layer"
PYTHON = "3.13"


def platform(machine: str) -> tuple[str, ...]:
    """pip's options for packages that run on Lambda's Linux, on this kind of processor (`aarch64`, `x86_64`)."""
    # Amazon Linux 2023, on which Lambda runs Python 3.13, has glibc 2.34; pip takes a platform by its exact name only.
    names = (*(f"manylinux_2_{minor}_{machine}" for minor in range(34, 4, -1)), f"manylinux2014_{machine}")
    options = [option for name in names for option in ("--platform", name)]
    return (*options, "--python-version", PYTHON, "--implementation", "cp")


PLATFORM = platform("aarch64")
_MARK = CHECKOUT / "build" / "layer.sha256"


def is_current() -> bool:
    """Whether the layer is built from the requirements as they stand."""
    return LAYER.is_dir() and _MARK.is_file() and _MARK.read_text() == wanted()


def mark() -> None:
    """Notes what the layer was built from."""
    _MARK.write_text(wanted())


def unmark() -> None:
    """The layer is about to change."""
    _MARK.unlink(missing_ok=True)


def wanted() -> str:
    """Hash of everything that decides what is in the layer."""
    return hashlib.sha256(REQUIREMENTS.read_bytes() + "\0".join(PLATFORM).encode()).hexdigest()
