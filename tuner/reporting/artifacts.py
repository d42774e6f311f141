"""Reads a run's artifacts into the report's parts."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from tuner.aws.run_folder import RunFolder
from tuner.errors import EvaluationError

M = TypeVar("M", bound=BaseModel)


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
