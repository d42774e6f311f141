"""Notes which executions are in progress, so that the next cloud can say which runs ended with this one.

MiniStack keeps executions in memory only. AWS needs no such note, because it does not lose executions.
"""

from typing import Any

from ministack.services import stepfunctions

from local.folder import CloudFolder


def install() -> None:
    """Writes a file for each execution that starts, and deletes it when the execution ends."""
    original = stepfunctions._emit_execution_status_event
    folder = CloudFolder.default().runs_in_progress

    def noting(execution: dict[str, Any]) -> None:
        note = folder / str(execution["name"])
        if execution["status"] == "RUNNING":
            folder.mkdir(parents=True, exist_ok=True)
            note.touch()
        else:
            note.unlink(missing_ok=True)
        original(execution)

    stepfunctions._emit_execution_status_event = noting
