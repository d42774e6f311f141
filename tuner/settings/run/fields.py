"""Settings of the fields of a record: `fields`."""

from __future__ import annotations

from pydantic import Field

from tuner.core.strict_model import Number, StrictModel


class FieldNames(StrictModel):
    """The fields of a record with the question and the answer. By default they are detected by their names."""

    prompt: str | None = Field(None, description="name of the field with the question")
    completion: str | None = Field(None, description="name of the field with the answer")
    records: str | None = Field(
        None, description="path to the list of records in a JSON file that has them in an object, such as `data.items`"
    )
    ignore: tuple[str, ...] = Field((), description="fields that are left out, whatever their names say")
    minimum: dict[str, Number] = Field(
        default_factory=dict,
        description="the least value of a field, such as `{rating: 4}`; other records are left out",
    )
