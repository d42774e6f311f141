"""What has to be settled before a deployment's stack may go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from tuner.core.errors import TunerError
from tuner.serving.release import Release

_NAMED = 5


class Executions(Protocol):
    """The state machine's executions."""

    def running(self) -> Iterable[str]:
        """Names of those that are going on."""
        ...


def refusal(release: Release, executions: Executions) -> str | None:
    """Why the stack may not be deleted yet; None when nothing of it is alive (any more). Stops customization jobs too.

    A run that is going on is not pulled from under somebody's feet, and could buy after the release. What is kept is
    released: who deletes the stack wants it gone. A commitment cannot be.
    """
    running = list(executions.running())
    if running:
        more = f" and {len(running) - _NAMED} more" if len(running) > _NAMED else ""
        return (
            f"Runs are going on: {', '.join(running[:_NAMED])}{more}. Wait for them or stop them (tuner stop RUN), "
            "then delete the stack again."
        )
    try:
        alive = release.everything().alive
    except TunerError as error:
        return f"Something that is paid for could not be released; delete the stack again when it is gone. {error}"
    if alive:
        return (
            f"Provisioned throughput with a commitment is alive and cannot be deleted before its term ends: "
            f"{', '.join(alive)}. To delete the stack all the same, and look after it yourself: aws cloudformation "
            "delete-stack --deletion-mode FORCE_DELETE_STACK --stack-name STACK"
        )
    return None
