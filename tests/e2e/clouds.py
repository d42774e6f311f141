"""The app in local clouds of tests: synthesized once for several clouds, or deployed into a cloud of one test."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest

from local import cloud, deploy
from local.folder import FOLDER_VARIABLE, CloudFolder
from tests.e2e.pipeline import Pipeline


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


@contextmanager
def deployed_cloud(
    folder: Path, engine: str, settings: Mapping[str, str], environment: Mapping[str, str]
) -> Iterator[Pipeline]:
    """The app in a new local cloud, as its administrator sees it. The cloud is deleted at the end.

    `settings` are those of `cdk deploy -c`. `environment` has the variables that the cloud reads. Until the end, every
    client of this process is one of the cloud.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {FOLDER_VARIABLE: str(folder), **environment}.items():
            patch.setenv(name, value)
        try:
            cloud.up(engine=engine, settings=settings)
            for name, value in cloud.env().applied_to({}).items():
                patch.setenv(name, value)
            yield Pipeline(boto3.Session())
        finally:
            cloud.down()
