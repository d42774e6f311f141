"""Derives run ids, and the roles of files in a dataset's folder."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from tuner.core.file_formats import ENDINGS
from tuner.core.text_sanitizer import shown_name

DataRole = Literal["training", "validation", "evaluation"]
Role = Literal[DataRole, "guard", "documents", "settings"]
INCOMING = "incoming/"
UPLOADING = ".uploading"
"""An object of a folder while `tuner run` uploads to it: documents alone do not start a run meanwhile."""

_FORMATS = f"(?:{'|'.join(map(re.escape, ENDINGS))})"
_ROLES: tuple[tuple[Role, re.Pattern[str]], ...] = (
    ("training", re.compile(rf"training\.{_FORMATS}")),
    ("validation", re.compile(rf"validation\.{_FORMATS}")),
    ("evaluation", re.compile(rf"evaluation\.{_FORMATS}")),
    ("guard", re.compile(rf"guard\.{_FORMATS}")),
    ("settings", re.compile(r"run\.(yaml|yml|json)")),
    # The S3 console makes a folder as an empty object whose key ends with a slash. It is no document.
    ("documents", re.compile(r"documents/.+[^/]")),
)


@dataclass(frozen=True, slots=True)
class DatasetFile:
    """A dataset's file as its object key describes it."""

    dataset: str
    role: Role


def role_of(name: str) -> Role | None:
    """The role of a file in a dataset's folder, by its name. None when it is not part of a dataset."""
    return next((role for role, pattern in _ROLES if pattern.fullmatch(name)), None)


def generated_roles(roles: Collection[Role | None], count: int, serves: bool = True) -> tuple[DataRole, ...]:
    """What a model generates from the documents of a dataset that has files of these roles, in the order of a run.

    `count` is the setting of validation data beside a training file. A model that is not served is not evaluated.
    """
    if "documents" not in roles:
        return ()
    if "training" in roles:
        return ("validation",) if count and "validation" not in roles else ()
    wanted: tuple[DataRole, ...] = ("training", "validation", "evaluation") if serves else ("training", "validation")
    return tuple(role for role in wanted if role not in roles)


def dataset_file(key: str) -> DatasetFile | None:
    """Parses `incoming/<dataset>/<file>`. None for every other key, which must not start a run.

    `key` is not URL-encoded: EventBridge delivers plain keys, unlike S3's own notifications.
    """
    dataset = dataset_of(key)
    role = role_of(key.removeprefix(f"{INCOMING}{dataset}/")) if dataset else None
    return DatasetFile(dataset, role) if dataset and role else None


def dataset_of(key: str) -> str | None:
    """The dataset whose folder has this key, whatever the file is called. None outside the folders of datasets."""
    if not key.startswith(INCOMING):
        return None
    dataset, slash, _ = key.removeprefix(INCOMING).partition("/")
    return dataset if slash and dataset else None


def shown_folder(dataset: str) -> str:
    """The folder of a dataset for a sentence."""
    return f"{INCOMING}{shown_name(dataset)}/"


def run_id(dataset: str, contents: Iterable[tuple[str, str]], repeat: int = 0) -> str:
    """The id of a run of this content, which is also the name of its execution.

    `contents` are pairs of (file name in the dataset's folder, SHA-256 of its bytes), in any order. The same content
    gives the same id, so that uploading it twice starts one run; `repeat` gives the id of a deliberate repetition. The
    id has at most 46 characters of `[a-z0-9-]` and no two hyphens in a row, so that it can be part of Bedrock's names.
    """
    digest = hashlib.sha256(dataset.encode())
    for name, sha256 in sorted(contents):
        # The separator keeps the pairs ("ab", "c") and ("a", "bc") apart.
        digest.update(b"\0" + name.encode() + b"\0" + sha256.encode())
    suffix = f"-r{repeat}" if repeat else ""
    return f"{_slug(dataset)}-{digest.hexdigest()[:12]}{suffix}"


def _slug(dataset: str) -> str:
    # NFKD separates an accent from its letter, so that `é` becomes `e` and is not dropped.
    plain = unicodedata.normalize("NFKD", dataset).encode("ascii", "ignore").decode().lower()
    # 28 characters, a hyphen, 12 digits of the hash and `-r999` are the 46 that `run_id` promises.
    return re.sub(r"[^a-z0-9]+", "-", plain)[:28].strip("-") or "dataset"


def again_command(run_id: str) -> str:
    """The command that runs the content of this run again, which lies in the data bucket: it needs no local folder."""
    return f"tuner run {run_id} --again"
