"""Finds and ends the processes of a cloud by a mark in their environment.

A pid file is not reliable after a crash: the pid may have been reused, and the children of a killed server are not in
the file. Every process of a cloud inherits a variable with the cloud's folder instead.
"""

import multiprocessing
import multiprocessing.connection
import os
import threading
import time

import psutil

from local.folder import CloudFolder

MARK = "TUNER_LOCAL_CLOUD"
OWNER_VARIABLE = "LOCAL_OWNER"
_POLL_SECONDS = 0.02
_OWNER_POLL_SECONDS = 0.5
# A process that has just called exec has no environment for a moment. The kernel sets its place after the new program
# is loaded, but wakes the parent that waits for exec before (Linux, fs/exec.c and fs/proc/base.c).
_EXEC_SECONDS = 1.0
_YOUNG_SECONDS = 5.0


def mark(folder: CloudFolder) -> dict[str, str]:
    """The variable that marks a process, and all processes that it starts, as part of a cloud."""
    return {MARK: str(folder.root)}


def members(folder: CloudFolder) -> list[psutil.Process]:
    """All running processes of a cloud except this one."""
    return [process for process in psutil.process_iter() if process.pid != os.getpid() and _belongs(process, folder)]


def is_member(pid: int, folder: CloudFolder) -> bool:
    """Whether the process is running and belongs to the cloud. A reused pid does not."""
    try:
        return _belongs(psutil.Process(pid), folder)
    except psutil.NoSuchProcess:
        return False


def end(folder: CloudFolder, grace_seconds: float = 1.0) -> int:
    """Ends all processes of the cloud with SIGTERM, and later with SIGKILL. Returns their number.

    The grace period is short, because their state is in memory or in the folder that is deleted next.
    """
    found = members(folder)
    for process in found:
        _signal(process, force=False)
    # The members are listed again each time, because an ending process may have started another one.
    deadline = time.monotonic() + grace_seconds
    while remaining := members(folder):
        if time.monotonic() > deadline:
            for process in remaining:
                _signal(process, force=True)
        time.sleep(_POLL_SECONDS)
    return len(found)


def own_clouds() -> None:
    """Lets all clouds that this process and its children start end with this process, even if it is killed."""
    os.environ[OWNER_VARIABLE] = str(os.getpid())


def end_with_owner(folder: CloudFolder) -> None:
    """In the server: ends the cloud when the process that LOCAL_OWNER names has ended. Without an owner, does nothing.

    The owner may not be the parent of the server, so no pipe or signal of the kernel tells. Its pid is polled. psutil
    also compares the start time, because the pid may be used again.
    """
    if not (pid := os.environ.get(OWNER_VARIABLE)):
        return

    def wait() -> None:
        try:
            owner = psutil.Process(int(pid))
            while owner.is_running() and owner.status() != psutil.STATUS_ZOMBIE:
                time.sleep(_OWNER_POLL_SECONDS)
        except psutil.NoSuchProcess:
            pass  # It ended before this thread started, or between the two calls.
        end(folder)
        os._exit(143)

    threading.Thread(target=wait, daemon=True).start()


def exit_with_parent() -> None:
    """Ends this process when the process that started it ends."""
    parent = multiprocessing.parent_process()
    assert parent

    def wait() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(143)

    threading.Thread(target=wait, daemon=True).start()


def _belongs(process: psutil.Process, folder: CloudFolder) -> bool:
    try:
        # A zombie has ended, although it is still listed.
        return bool(process.status() != psutil.STATUS_ZOMBIE and _environment(process).get(MARK) == str(folder.root))
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return False


def _environment(process: psutil.Process) -> dict[str, str]:
    """The environment of a process. Waits until a process that has just started has one."""
    deadline = time.monotonic() + _EXEC_SECONDS
    environment: dict[str, str] = process.environ()
    while not environment and time.time() - process.create_time() < _YOUNG_SECONDS and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        environment = process.environ()
    return environment


def _signal(process: psutil.Process, *, force: bool) -> None:
    try:
        if force:
            process.kill()
        else:
            process.terminate()
    except psutil.NoSuchProcess:
        return
