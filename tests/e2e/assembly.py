"""The synthesized app, for deployments to several local clouds."""

from __future__ import annotations

import fcntl
from collections.abc import Mapping
from pathlib import Path

from local import cloud, deploy
from local.folder import CloudFolder


def synthesized(folder: Path, settings: Mapping[str, str]) -> Path:
    """The app with these settings. The first process that needs it synthesizes it in the folder, and others wait.

    The process's local cloud must be up.
    """
    with (folder / "assembly.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assembly = folder / "assembly"
        if not assembly.exists():
            draft = folder / "assembly.draft"
            deploy.synthesize(CloudFolder.default(), cloud.env(), lambda _: None, draft, settings)
            draft.rename(assembly)
    return assembly
