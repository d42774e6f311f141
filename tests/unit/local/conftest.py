"""The base networks of the local Bedrock, which its tests and those of the trainer share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Base networks are made once for all tests."""
    return tmp_path_factory.mktemp("networks")
