"""Caches a model's replies, so that no request is paid for twice: in a run's folder or in a local folder."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys


class ReplyCache(Protocol):
    """Replies by a hash of the request. A reply is plain JSON: whatever the model returned, not yet validated."""

    def find(self, key: str) -> Mapping[str, Any] | None:
        """The reply, or None."""
        ...

    def keep(self, key: str, reply: Mapping[str, Any]) -> None:
        """Stores a reply at once."""
        ...


class RunFolderReplyCache:
    """Replies in a run's folder, one object each."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        # Listed once: asking S3 for each reply would be one more call per request.
        self._stored = set(folder.list(Keys.GENERATED_REPLIES))

    def find(self, key: str) -> Mapping[str, Any] | None:
        """The reply, or None."""
        name = f"{Keys.GENERATED_REPLIES}{key}.json"
        found: Mapping[str, Any] | None = self._folder.read_json(name) if name in self._stored else None
        return found

    def keep(self, key: str, reply: Mapping[str, Any]) -> None:
        """Stores a reply at once."""
        self._folder.write_json(f"{Keys.GENERATED_REPLIES}{key}.json", reply)


class FileReplyCache:
    """Replies as files in a local folder. The folder is created with the first reply."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, key: str) -> Mapping[str, Any] | None:
        """The reply, or None."""
        path = self.folder / f"{key}.json"
        found: Mapping[str, Any] | None = json.loads(path.read_text("utf-8")) if path.is_file() else None
        return found

    def keep(self, key: str, reply: Mapping[str, Any]) -> None:
        """Stores a reply at once. The file is renamed when complete, so that a crash leaves no partial reply."""
        self.folder.mkdir(exist_ok=True)
        partial = self.folder / f"{key}.partial"
        with partial.open("w", encoding="utf-8") as file:
            json.dump(reply, file)
            file.flush()
            os.fsync(file.fileno())  # without it, a power failure can leave an empty file under the final name
        partial.replace(self.folder / f"{key}.json")

    def clear(self) -> None:
        """Deletes the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
