"""Ends a child process when its parent ends, even if the parent was killed. Works on Linux and macOS."""

from __future__ import annotations

import os
import threading


def exit_with_parent() -> None:
    """End this process when standard input closes. The kernel also closes the pipe of a parent that was killed."""

    def wait() -> None:
        # sys.stdin is not used, because this thread would hold its lock while the interpreter shuts down.
        while os.read(0, 1024):
            pass
        os._exit(143)

    threading.Thread(target=wait, daemon=True).start()
