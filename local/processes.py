"""The processes of one cloud, found by a mark in their environment.

A pid file lies after a crash: the pid may belong to a stranger by then, and the children of a killed server are in no
file at all. Every process of a cloud instead inherits a variable with the cloud's folder, which nobody else has.
"""

import os
import time

import psutil

from local.folder import CloudFolder

MARK = "TUNER_LOCAL_CLOUD"
_POLL_SECONDS = 0.02


def mark(folder: CloudFolder) -> dict[str, str]:
    """The variable that makes a process, and whatever it starts, part of the cloud of `folder`."""
    return {MARK: str(folder.root)}


def members(folder: CloudFolder) -> list[psutil.Process]:
    """All living processes of this user that belong to the cloud of `folder`, this one excepted."""
    return [process for process in psutil.process_iter() if process.pid != os.getpid() and _belongs(process, folder)]


def is_member(pid: int, folder: CloudFolder) -> bool:
    """Whether `pid` is alive and belongs to the cloud, and is not merely a recycled number."""
    try:
        return _belongs(psutil.Process(pid), folder)
    except psutil.NoSuchProcess:
        return False


def end(folder: CloudFolder, grace_seconds: float = 1.0) -> int:
    """End every process of the cloud: politely, then by force. Returns how many there were.

    The politeness is short: what they hold is in memory, or in the folder that is deleted next.
    """
    found = members(folder)
    for process in found:
        _signal(process, force=False)
    # Asked anew each time: a process that was ending may have started another one meanwhile.
    deadline = time.monotonic() + grace_seconds
    while remaining := members(folder):
        if time.monotonic() > deadline:
            for process in remaining:
                _signal(process, force=True)
        time.sleep(_POLL_SECONDS)
    return len(found)


def _belongs(process: psutil.Process, folder: CloudFolder) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == str(folder.root))
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return False


def _signal(process: psutil.Process, *, force: bool) -> None:
    try:
        if force:
            process.kill()
        else:
            process.terminate()
    except psutil.NoSuchProcess:
        return
