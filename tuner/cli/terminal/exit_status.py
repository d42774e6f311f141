"""The exit statuses of all commands. docs/cli.md has this table."""

from __future__ import annotations

from enum import IntEnum

from tuner.artifacts.evaluation.gate import GateDecisionOrNone
from tuner.cli.progress.executions import Status


class ExitStatus(IntEnum):
    """How a command ended."""

    SUCCESS = 0
    FAILED = 1
    USAGE = 2
    REJECTED = 3
    UNDECIDED = 4
    STOPPED = 5
    INTERRUPTED = 130


MEANINGS = {
    ExitStatus.SUCCESS: "success; for a command that follows a run: the run succeeded, and no gate decided against it",
    ExitStatus.FAILED: (
        "the run failed or ran out of time, the command failed, or what was checked is not ready: stderr says why and "
        "what to do"
    ),
    ExitStatus.USAGE: "wrong call: an unknown option, a missing argument, a file that cannot be read or written",
    ExitStatus.REJECTED: "the run succeeded, and its gate rejected the model",
    ExitStatus.UNDECIDED: "the run succeeded, and its gate could not decide",
    ExitStatus.STOPPED: "the run was stopped",
    ExitStatus.INTERRUPTED: (
        "interrupted with Ctrl-C, or ended by a signal (SIGTERM, SIGHUP); a run that has started continues, and stderr "
        "says how to follow it"
    ),
}


def status_of(run: Status, gate: GateDecisionOrNone | None) -> ExitStatus:
    """The exit status of a command that followed a run to its end. `gate` is None for a run without one."""
    if run != "SUCCEEDED":
        return ExitStatus.STOPPED if run == "ABORTED" else ExitStatus.FAILED
    return {"rejected": ExitStatus.REJECTED, "undecided": ExitStatus.UNDECIDED}.get(gate or "", ExitStatus.SUCCESS)
