"""Connects the command line to the local cloud.

The only module that imports the package `local`: a checkout has that package, an installed wheel does not.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import tuner
from tuner.cli.deployment import local_endpoint
from tuner.cli.errors import CommandError


def use_local_cloud() -> None:
    """Points this process at the local cloud, unless its environment already does."""
    if local_endpoint():
        return
    wanted = local_cloud().env().applied_to(os.environ)
    # Names that the local environment does not have must go: AWS_PROFILE would lead back to the user's account.
    for name in set(os.environ) - set(wanted):
        del os.environ[name]
    os.environ.update(wanted)


def local_error_class() -> type[Exception] | None:
    """The base class of the local cloud's errors; None when the package `local` was not imported."""
    module = sys.modules.get("local.errors")
    return module.LocalCloudError if module else None


def local_cloud() -> Any:
    """The module `local.cloud`. Raises CommandError when the package or one of its requirements is missing."""
    # Any: `tuner` is typed and installed without `local`, so its types must not name that package.
    checkout = Path(tuner.__file__).resolve().parents[1]
    if not (checkout / "local" / "cloud.py").is_file():
        raise CommandError(
            "The local cloud is part of the project's checkout, and this command was installed without it. "
            "Clone the project and run 'make demo', or leave --local out to use AWS."
        )
    if str(checkout) not in sys.path:
        sys.path.append(str(checkout))
    try:
        return importlib.import_module("local.cloud")
    except ModuleNotFoundError as error:
        raise CommandError(
            f"The local cloud needs the Python package '{error.name}', which is not installed. Install its "
            'requirements with: pip install "bedrock-tuner[local]" (in a checkout: make setup).'
        ) from None
