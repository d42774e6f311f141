"""What customization jobs and batch inference jobs have in common: a release can look them up and stop them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from tuner.aws.bedrock.control_plane import is_unknown, tags_of
from tuner.aws.bedrock.resources import PaidResource
from tuner.aws.clients import client
from tuner.aws.error_mapping import code_of, mapped_errors, message_of
from tuner.core.errors import StillAliveError


class StoppableJobs(ABC):
    """Jobs of one kind. `noun` is how error messages call such a job."""

    noun: ClassVar[str]

    def __init__(self, api: Any = None) -> None:
        self._api = api or client("bedrock")

    @abstractmethod
    def _read(self, arn: str) -> PaidResource:
        """The job as Bedrock describes it. Raises ClientError."""

    @abstractmethod
    def _stop(self, arn: str) -> None:
        """Asks Bedrock to stop the job. Raises ClientError."""

    def get(self, arn: str) -> PaidResource | None:
        """The job with this ARN, whatever its status, or None."""
        with mapped_errors(f"look up the {self.noun} {arn}"):
            try:
                return self._read(arn)
            except ClientError as error:
                if is_unknown(error):
                    return None
                raise

    def delete(self, arn: str) -> None:
        """Stops the job, unless it has ended or is stopping. Raises StillAliveError when Bedrock refuses now."""
        with mapped_errors(f"stop the {self.noun} {arn}"):
            try:
                self._stop(arn)
            except ClientError as error:
                if code_of(error) == "ResourceNotFoundException":
                    return
                # Bedrock stops only a job in progress. This one may have ended a moment ago.
                if code_of(error) not in {"ConflictException", "ValidationException"}:
                    raise
                job = self.get(arn)
                if job and not job.has_ended:
                    raise StillAliveError(f"Bedrock does not stop {arn} now: {message_of(error)}") from error

    def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of a job; empty when Bedrock does not know it."""
        return tags_of(self._api, arn)
