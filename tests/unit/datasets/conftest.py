"""Prepares datasets in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast, get_args

import pytest

from tests.unit.datasets.memory_files import CLAUDE, MemorySink, MemorySource, Outcome
from tuner.catalog import model
from tuner.datasets import prepare
from tuner.datasets.io import Source
from tuner.datasets.records.record import DataRole
from tuner.settings import RunSettings


@pytest.fixture
def run() -> Callable[..., Outcome]:
    """Prepares a dataset given as `{"training.jsonl": bytes}`."""

    def _run(files: dict[str, bytes], base_model: str = CLAUDE, chunk: int = 64, **settings: object) -> Outcome:
        sinks: dict[str, MemorySink] = {}

        def sink(name: str) -> MemorySink:
            return sinks.setdefault(name, MemorySink())

        sources: dict[DataRole, Source] = {}
        for name, data in files.items():
            role = name.split(".")[0]
            assert role in get_args(DataRole)
            sources[cast("DataRole", role)] = MemorySource(name, data, chunk)
        prepared = prepare(sources, RunSettings.model_validate(settings), model(base_model), sink)
        return Outcome(prepared, sinks)

    return _run
