"""The base of every file that a run writes."""

from __future__ import annotations

import json
from typing import ClassVar, TypeVar

from pydantic import ConfigDict, ValidationError

from tuner.core.errors import ArtifactError
from tuner.core.strict_model import FrozenModel, JsonObject
from tuner.core.text_sanitizer import storable

P = TypeVar("P", bound="Part")


class Part(FrozenModel):
    """A part of an artifact, or one record of a JSONL artifact.

    A member that this version does not know is ignored, because a newer version may have written it.
    """

    # An error shows the place and the rule, never the value: values can be foreign text or a task token.
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    def to_json_line(self) -> str:
        """The part as one line of JSON, without the line feed."""
        return storable(json.dumps(self.model_dump(mode="json"), ensure_ascii=False))


class Artifact(Part):
    """One JSON file of a run.

    `NAME` is where the file is below `runs/<run id>/`. `schema_version` grows when a member is renamed, removed or
    changes its meaning; a new member with a default does not need it. Files of release 0.1.0 that have none are of
    version 1.
    """

    NAME: ClassVar[str]
    # Whether members that were never set are absent from the file. Otherwise they are written with their default.
    OMIT_UNSET: ClassVar[bool] = False

    schema_version: int = 1

    def to_json(self) -> bytes:
        """The file's content, members in the order of the model."""
        return storable(json.dumps(self.to_document(), ensure_ascii=False, indent=2)).encode() + b"\n"

    def to_document(self) -> JsonObject:
        """The file's content as a JSON object: for events, and for what the command line prints as JSON."""
        members = self.model_dump(mode="json", exclude_unset=self.OMIT_UNSET)
        return {"schema_version": self.schema_version, **members}


def parse(model: type[P], data: bytes | str, place: str) -> P:
    """`data`, which is JSON, as `model`.

    `place` is the address that an error names. Raises ArtifactError when the content does not fit the model.
    """
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        member = ".".join(str(part) for part in first["loc"]) or "the document"
        raise ArtifactError(
            f"{place}: {member}: {first['msg']}. The file does not have the documented form, so another version of the "
            "pipeline or a person wrote it. Repeat the run."
        ) from None
