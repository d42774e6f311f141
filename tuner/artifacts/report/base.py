"""What all parts of a report share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of the report. Fields that this version does not know are kept, so that steps may say more."""

    model_config = ConfigDict(extra="allow", frozen=True)
