"""How long a run waits between two polls of a job or an endpoint: `training_polling` and `serving_polling`."""

from __future__ import annotations

from pydantic import Field, model_validator

from tuner.core.strict_model import StrictModel

# The shortest pause, as a share of the time waited so far. It limits a week of training to 340 polls: an execution's
# history has at most 25,000 events.
LEAST_SHARE = 1 / 30


class Polling(StrictModel):
    """Seconds between two polls of a slow operation: a share of the time waited so far, within bounds.

    A pause is never shorter than a thirtieth of the time waited so far, whatever the bounds are.
    """

    shortest: int = Field(ge=1, le=3600, description="seconds of the first pause")
    longest: int = Field(ge=1, le=3600, description="seconds of the longest pause")
    growth: float = Field(0.1, gt=0, le=1, description="pause as a share of the time waited so far")

    @model_validator(mode="after")
    def _shortest_first(self) -> Polling:
        if self.shortest > self.longest:
            raise ValueError(f"shortest ({self.shortest}) must not be more than longest ({self.longest})")
        return self

    def wait(self, waited: float) -> int:
        """Seconds until the next poll, after `waited` seconds."""
        return round(max(min(max(waited * self.growth, self.shortest), self.longest), waited * LEAST_SHARE))


OF_TRAINING = Polling(shortest=60, longest=600)
"""Of customization jobs and of batch jobs."""
OF_SERVING = Polling(shortest=3, longest=10)
"""Of endpoints that are not in service yet."""
