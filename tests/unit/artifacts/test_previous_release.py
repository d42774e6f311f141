"""Artifacts that release 0.1.0 wrote are read by their models, and no member is lost."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.artifacts.test_round_trip import descendants
from tuner.artifacts.base import Artifact, parse
from tuner.artifacts.costs.cost_items import CostItemId
from tuner.artifacts.costs.estimate import Estimate
from tuner.artifacts.report import Report

RUNS = Path(__file__).parents[2] / "characterization" / "runs"
FOLDERS = {run.name: next(path for path in (run / "bucket").iterdir() if path.is_dir()) for run in RUNS.iterdir()}
MODELS = sorted((model for model in descendants(Artifact) if hasattr(model, "NAME")), key=lambda model: model.__name__)
FILES = [
    pytest.param(model, FOLDERS[run] / model.NAME, id=f"{run}-{model.__name__}")
    for run in sorted(FOLDERS)
    for model in MODELS
    if (FOLDERS[run] / model.NAME).is_file()
]


def lost(before: Any, after: Any, place: str = "") -> list[str]:
    """Places of members that are in the file and not in the model's document."""
    if isinstance(before, dict) and isinstance(after, dict):
        missing = [f"{place}.{key}" for key in before if key not in after]
        return missing + [at for key in before.keys() & after.keys() for at in lost(before[key], after[key], key)]
    if isinstance(before, list) and isinstance(after, list):
        return [at for one, other in zip(before, after, strict=True) for at in lost(one, other, f"{place}[]")]
    return [] if before == after else [f"{place}: {before!r} became {after!r}"]


@pytest.mark.parametrize(("model", "file"), FILES)
def test_an_artifact_of_release_0_1_0_is_read_whole(model: type[Artifact], file: Path) -> None:
    read = parse(model, file.read_bytes(), str(file))
    # A report of 0.1.0 repeats members of scores.json and of the answers in other places.
    assert model is Report or lost(json.loads(file.read_bytes()), json.loads(read.to_json())) == []


def test_every_run_has_artifacts_to_read() -> None:
    assert {str(param.id).rpartition("-")[0] for param in FILES} == set(FOLDERS)


@pytest.mark.parametrize("run", sorted(run for run in FOLDERS if (FOLDERS[run] / Estimate.NAME).is_file()))
def test_every_cost_item_of_release_0_1_0_has_an_id(run: str) -> None:
    file = FOLDERS[run] / Estimate.NAME
    assert CostItemId.OTHER not in {item.id for item in parse(Estimate, file.read_bytes(), str(file)).items}
