"""Releases everything before a deployment's stack is deleted, or refuses the deletion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from tuner.core.errors import TunerError
from tuner.serving.release import Release

# Runs that the refusal names; it counts the others.
_NAMED = 5


class Executions(Protocol):
    """The state machine's executions."""

    def running(self) -> Iterable[str]:
        """Names of the executions in progress."""
        ...


def refusal(release: Release, executions: Executions) -> str | None:
    """Releases everything, and returns why the stack cannot be deleted yet; None when nothing is left.

    It refuses while a run is in progress, because that run could buy again after the release. Endpoints that a run
    keeps are released too, and customization jobs are stopped: whoever deletes the stack wants them gone. Throughput
    with a commitment cannot be deleted.
    """
    running = list(executions.running())
    if running:
        more = f" and {len(running) - _NAMED} more" if len(running) > _NAMED else ""
        return (
            f"Runs are in progress: {', '.join(running[:_NAMED])}{more}. Wait for them or stop them "
            f"(tuner stop {running[0]}), then delete the stack again."
        )
    try:
        committed = release.everything().committed
    except TunerError as error:
        return f"A paid resource could not be released. Delete the stack again when it is gone. {error}"
    if committed:
        return (
            "Provisioned throughput with a commitment exists and cannot be deleted before its term ends: "
            f"{', '.join(committed)}. To delete the stack anyway, and to watch over the throughput yourself: aws "
            "cloudformation delete-stack --deletion-mode FORCE_DELETE_STACK --stack-name STACK"
        )
    return None
