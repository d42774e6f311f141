"""Reads what a run wrote. What it never made is absent, and is no error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from tuner.aws.run_folder import RunFolder
from tuner.errors import EvaluationError
from tuner.reporting.model import Estimate, Findings, Serving, Training
from tuner.run import Keys, Manifest

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Artifacts:
    """What a run wrote before its report. `scoring` is scores.json."""

    manifest: Manifest | None
    dataset_summary: dict[str, Any]
    findings: Findings | None
    estimate: Estimate | None
    training: Training | None
    serving: Serving | None
    scoring: dict[str, Any]


def gather(folder: RunFolder) -> Artifacts:
    """Everything there is; raises as `read` does."""
    return Artifacts(
        manifest=find(folder, Keys.MANIFEST, Manifest),
        dataset_summary=folder.find_json(Keys.DATASET_SUMMARY) or {},
        findings=find(folder, Keys.FINDINGS, Findings),
        estimate=find(folder, Keys.ESTIMATE, Estimate),
        training=find(folder, Keys.TRAINING_SUMMARY, Training),
        serving=find(folder, Keys.ENDPOINT, Serving),
        scoring=folder.find_json(Keys.SCORES) or {},
    )


def find(folder: RunFolder, name: str, model: type[M]) -> M | None:
    """An artifact, or None when the run did not make it; raises as `read` does."""
    document = folder.find_json(name)
    return None if document is None else read(model, document, folder.uri(name))


def read(model: type[M], document: Any, where: str) -> M:
    """The document of an artifact. Raises EvaluationError, naming the place in it, when it is not of its shape."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        raise EvaluationError(
            f"{where}: {place}: {first['msg']}. The report cannot be made from it: the artifact is not of the "
            "documented shape, so it was written by another version or by hand."
        ) from None
