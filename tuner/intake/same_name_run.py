"""Keeps the folder of a run from an execution that only has the same name.

Step Functions reserves the name of an execution for 90 days only, and a state machine that was deleted and created
again has forgotten all names. Then a new execution can get the name of an earlier run. So before an execution writes
anything, it compares its start with the age of the artifacts in its folder.
"""

from __future__ import annotations

import datetime as dt

from tuner.aws.s3.run_folder import RunFolder
from tuner.core.errors import RunRefusedError
from tuner.core.run import again_command
from tuner.core.times import iso

# S3's times are whole seconds, and its clock is not that of Step Functions.
_CLOCK_DIFFERENCE = dt.timedelta(minutes=1)


def earlier_run(folder: RunFolder, started_at: dt.datetime) -> dt.datetime | None:
    """When an earlier execution first wrote into the folder; None if the folder is this execution's own."""
    first = min(folder.last_modified().values(), default=None)
    return first if first and first < started_at - _CLOCK_DIFFERENCE else None


def refuse_earlier_run(folder: RunFolder, started_at: dt.datetime) -> None:
    """Raises RunRefusedError when the folder is that of an earlier execution."""
    if found := earlier_run(folder, started_at):
        raise RunRefusedError(ran_before(folder, iso(found)))


def ran_before(folder: RunFolder, at: str) -> str:
    """Why this content is not run in this folder, and what to do."""
    return (
        f"This content was run before, on {at}. Its report is in {folder.uri()}, where nothing was changed. To run it "
        f"again, use: {again_command(folder.run_id)}"
    )
