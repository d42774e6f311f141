"""Where replies are kept, so that nothing is paid for twice: in a run's folder, or in a folder on this machine."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys


class FolderReplies:
    """Replies in a run's folder: each is there as soon as it was given."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._there = set(folder.list(Keys.GENERATED_REPLIES))

    def find(self, key: str) -> Mapping[str, Any] | None:
        """The reply, or None."""
        name = f"{Keys.GENERATED_REPLIES}{key}.json"
        found: Mapping[str, Any] | None = self._folder.read_json(name) if name in self._there else None
        return found

    def keep(self, key: str, reply: Mapping[str, Any]) -> None:
        """Remembers a reply at once."""
        self._folder.write_json(f"{Keys.GENERATED_REPLIES}{key}.json", reply)


class FileReplies:
    """Replies as files of a folder, which is there while it has any."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, key: str) -> Mapping[str, Any] | None:
        """The reply, or None."""
        path = self.folder / f"{key}.json"
        found: Mapping[str, Any] | None = json.loads(path.read_text("utf-8")) if path.is_file() else None
        return found

    def keep(self, key: str, reply: Mapping[str, Any]) -> None:
        """Remembers a reply at once; a file is whole or absent."""
        self.folder.mkdir(exist_ok=True)
        partial = self.folder / f"{key}.partial"
        with partial.open("w", encoding="utf-8") as file:
            json.dump(reply, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.folder / f"{key}.json")

    def forget(self) -> None:
        """Nothing is left to go on with."""
        shutil.rmtree(self.folder, ignore_errors=True)
