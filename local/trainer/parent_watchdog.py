"""A child process that ends with its parent, however the parent ended, on Linux and on macOS."""

from __future__ import annotations

import os
import threading


def hold() -> None:
    """End this process when standard input closes: the kernel closes the pipe for a parent that was killed, too."""

    def wait() -> None:
        # Not through sys.stdin: its lock would be held when the interpreter shuts down.
        while os.read(0, 1024):
            pass
        os._exit(143)

    threading.Thread(target=wait, daemon=True).start()
