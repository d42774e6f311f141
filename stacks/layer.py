"""Where the layer of Lambda dependencies is, and whether it is what lambdas/requirements.txt asks for."""

from __future__ import annotations

import hashlib
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
REQUIREMENTS = CHECKOUT / "lambdas" / "requirements.txt"
LAYER = CHECKOUT / "build" / "layer"
# Amazon Linux 2023, on which Lambda runs Python 3.13, has glibc 2.34; pip takes a platform by its exact name only.
_PLATFORMS = (*(f"manylinux_2_{minor}_aarch64" for minor in range(34, 16, -1)), "manylinux2014_aarch64")
PLATFORM = (
    *(option for platform in _PLATFORMS for option in ("--platform", platform)),
    *("--python-version", "3.13", "--implementation", "cp"),
)
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
