"""A run's id, and what the files of a dataset's folder are there for."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Role = Literal["training", "validation", "evaluation", "documents", "settings"]
INCOMING = "incoming/"

# How the name of a dataset's file may end: EventBridge's rule is built from them too.
ENDINGS = tuple(
    f"{kind}{packing}" for kind in ("json", "jsonl", "csv", "tsv", "parquet") for packing in ("", ".gz", ".zst")
)

_FORMATS = f"(?:{'|'.join(map(re.escape, ENDINGS))})"
_ROLES: tuple[tuple[Role, re.Pattern[str]], ...] = (
    ("training", re.compile(rf"training\.{_FORMATS}")),
    ("validation", re.compile(rf"validation\.{_FORMATS}")),
    ("evaluation", re.compile(rf"evaluation\.{_FORMATS}")),
    ("settings", re.compile(r"run\.(yaml|yml|json)")),
    ("documents", re.compile(r"documents/.+[^/]")),
)


@dataclass(frozen=True, slots=True)
class DatasetFile:
    """What an object's key says: which dataset it belongs to, and what it is there for."""

    dataset: str
    role: Role


def role_of(name: str) -> Role | None:
    """What a file of a dataset's folder is there for, by its name; None when it is not part of a dataset."""
    return next((role for role, pattern in _ROLES if pattern.fullmatch(name)), None)


def dataset_file(key: str) -> DatasetFile | None:
    """Reads `incoming/<dataset>/<file>`; None for every other key, so that it starts nothing.

    `key` is the plain key: EventBridge delivers it so, unlike S3's own notifications.
    """
    if not key.startswith(INCOMING):
        return None
    dataset, _, name = key.removeprefix(INCOMING).partition("/")
    role = role_of(name)
    return DatasetFile(dataset, role) if dataset and role else None


def run_id(dataset: str, contents: Iterable[tuple[str, str]], repeat: int = 0) -> str:
    """The id of the run of a dataset's content, which is its execution's name too.

    `contents` are pairs of (file name in the dataset's folder, SHA-256 of its bytes). The same content gives the same
    id, in whatever order; `repeat` asks for another run of it on purpose. At most 46 characters of `[a-z0-9-]`, no two
    hyphens in a row, so that Bedrock's names can be built from it.
    """
    digest = hashlib.sha256(dataset.encode())
    for name, sha256 in sorted(contents):
        digest.update(b"\0" + name.encode() + b"\0" + sha256.encode())
    suffix = f"-r{repeat}" if repeat else ""
    return f"{_slug(dataset)}-{digest.hexdigest()[:12]}{suffix}"


def _slug(dataset: str) -> str:
    plain = unicodedata.normalize("NFKD", dataset).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:28].strip("-") or "dataset"
