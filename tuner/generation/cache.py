"""Caches a model's replies, so that no request is paid for twice: in a run's folder or in a local folder."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from tuner.aws.bedrock.tool_call import ToolReply
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.text_sanitizer import storable
from tuner.datasets.io import write_whole

_reply = TypeAdapter(ToolReply)


class ReplyCache(Protocol):
    """Replies by a hash of the request, as the model gave them: their arguments are not validated."""

    def find(self, key: str) -> ToolReply | None:
        """The reply, or None."""
        ...

    def keep(self, key: str, reply: ToolReply) -> None:
        """Stores a reply at once."""
        ...


class RunFolderReplyCache:
    """Replies in a run's folder, one object each."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        # Listed once: asking S3 for each reply would be one more call per request.
        self._stored = set(folder.list(Keys.GENERATED_REPLIES))

    def find(self, key: str) -> ToolReply | None:
        """The reply, or None."""
        name = f"{Keys.GENERATED_REPLIES}{key}.json"
        return _parsed(self._folder.read(name)) if name in self._stored else None

    def keep(self, key: str, reply: ToolReply) -> None:
        """Stores a reply at once."""
        self._folder.write(f"{Keys.GENERATED_REPLIES}{key}.json", _json(reply))


class FileReplyCache:
    """Replies as files in a local folder. The folder is created with the first reply."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, key: str) -> ToolReply | None:
        """The reply, or None."""
        path = self.folder / f"{key}.json"
        return _parsed(path.read_bytes()) if path.is_file() else None

    def keep(self, key: str, reply: ToolReply) -> None:
        """Stores a reply at once. After a power failure, its file may be empty: the model is then asked again."""
        self.folder.mkdir(exist_ok=True)
        write_whole(self.folder / f"{key}.json", _json(reply))

    def clear(self) -> None:
        """Deletes the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _json(reply: ToolReply) -> bytes:
    return storable(json.dumps(asdict(reply), ensure_ascii=False)).encode()


def _parsed(data: bytes) -> ToolReply | None:
    """The reply; None for one that another version wrote in another form, so that the model is asked again."""
    try:
        return _reply.validate_json(data)
    except ValidationError:
        return None
