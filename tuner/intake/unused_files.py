"""Files in a folder that a run does not use because of their names, and folders that are no dataset; what to rename."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from tuner.artifacts.manifest import UnusedFile
from tuner.core.file_formats import ENDINGS, accepted_names
from tuner.core.run import UPLOADING, Role, role_of
from tuner.core.text_sanitizer import shown_name

# Parts of file names, by the role that they say.
_ROLE_WORDS: dict[Role, re.Pattern[str]] = {
    "training": re.compile(r"train.*|finetun.*"),
    "validation": re.compile(r"val|valid.*|dev|develop.*"),
    "evaluation": re.compile(r"eval.*|tests?|testing|test(?:set|data)|holdout"),
    "guard": re.compile(r"guards?"),
}
# Other endings of JSON lines.
_SAME_FORMAT = {"ndjson": "jsonl", "jsonlines": "jsonl", "jl": "jsonl"}
_WORDS = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# Windows hides the ending of a file, so that people save `run.yaml.txt` or `training.jsonl.txt`.
_HIDDEN = re.compile(r"\.txt$", re.IGNORECASE)
_SETTINGS = re.compile(r"run\.(ya?ml|json)", re.IGNORECASE)
_DOCUMENT = re.compile(r"(?:.*/)?(?:documents?|docs)/(.*[^/])|(?:.*/)?([^/]+\.(?:pdf|docx))", re.IGNORECASE)
_PYTHON = (
    "is a Python file, which is not run, neither on your machine nor in the account.",
    "To score answers with code of your own, deploy it as a Lambda function, and name it as scorer.name in run.yaml.",
)
_SHOWN = 5


def unused_files(names: Collection[str]) -> Iterator[UnusedFile]:
    """The files that look like a part of the dataset and are not used.

    `names` are all files of the folder, by their paths in it. A README or a picture is not warned of.
    """
    taken = {role_of(name): name for name in names}
    for name in sorted(names):
        if role_of(name) is not None:
            continue
        if name.endswith(".py"):
            yield UnusedFile(name=name, rule="python-file", message=_PYTHON[0], remedy=_PYTHON[1])
        elif right := right_name(name):
            role = role_of(right)
            if role in taken and role != "documents":
                message, remedy = f"is not used: {taken[role]} is the {role} file.", "Nothing to do if that is right."
            else:
                message, remedy = "is not used, because of its name.", f"Rename {shown_name(name)} to {right}."
            yield UnusedFile(name=name, rule="unused-file", message=message, remedy=remedy)
        elif _data_ending(name):
            message = "is not used: its name does not say what it is for."
            remedy = "If it belongs to the dataset, call it training, validation or evaluation, with its ending."
            yield UnusedFile(name=name, rule="unused-file", message=message, remedy=remedy)


def right_name(name: str) -> str | None:
    """What a file must be called to be used, if its name says what it is for; None for any other file.

    `claude3_ft_training.jsonl` is `training.jsonl`. A name that says two roles (`train_test.csv`) says none.
    """
    base = _HIDDEN.sub("", _base(name))
    if settings := _SETTINGS.fullmatch(base):
        return f"run.{settings.group(1).lower()}"
    if document := _DOCUMENT.fullmatch(name):
        return f"documents/{document.group(1) or document.group(2)}"
    ending = _data_ending(base)
    if ending is None:
        return None
    words = [word.casefold() for part in _CAMEL.split(base) for word in _WORDS.findall(part)]
    roles = [role for role, known in _ROLE_WORDS.items() if any(map(known.fullmatch, words))]
    return f"{roles[0]}.{ending}" if len(roles) == 1 else None


def _base(name: str) -> str:
    return name.rpartition("/")[2]


def _data_ending(name: str) -> str | None:
    """The ending of a file with data, as a dataset's files have it; None for other files."""
    found = _base(name).lower()
    for other, ending in _SAME_FORMAT.items():
        found = re.sub(rf"\.{other}(?=\.|$)", f".{ending}", found)
    return next((ending for ending in sorted(ENDINGS, key=len, reverse=True) if found.endswith(f".{ending}")), None)


def can_start(names: Collection[str]) -> bool:
    """Whether files with these names in a dataset's folder are enough for a run: training data, or documents alone.

    Documents are not enough beside a file that may have the training data, and while more is uploaded: the run would
    pay for questions that the owner may have.
    """
    roles = {role_of(name) for name in names}
    return "training" in roles or ("documents" in roles and UPLOADING not in names and renaming(names) is None)


def renaming(names: Collection[str]) -> str | None:
    """Which files of a folder without training data to rename; None if none of them can be the training file."""
    names = sorted(names)
    by_right: dict[str, list[str]] = {}
    for name in names:
        if role_of(name) is None and (right := right_name(name)):
            by_right.setdefault(right, []).append(name)
    misplaced = [name for name in names if role_of(name) == "documents" and role_of(_base(name)) in _ROLE_WORDS]
    if misplaced:
        return f"Move {_listed(misplaced)} out of documents/, next to it."
    if not any(role_of(right) == "training" for right in by_right):
        others = [name for name in names if role_of(name) is None and right_name(name) is None and _data_ending(name)]
        if len(others) > 1:
            return f"If one of {_listed(others)} has the training data, name it {accepted_names('training')}."
        if not others:
            return None
        return f"If {shown_name(others[0])} has the training data, rename it to training.{_data_ending(others[0])}."
    used = {role_of(name) for name in names}
    free = [(found, right) for right, found in by_right.items() if role_of(right) not in used]
    order: list[Role | None] = [*_ROLE_WORDS]
    free.sort(key=lambda entry: order.index(role_of(entry[1])) if role_of(entry[1]) in order else len(order))
    which = [(shown_name(found[0]) if len(found) == 1 else f"one of {_listed(found)}", right) for found, right in free]
    return f"Rename {' and '.join(f'{found} to {right}' for found, right in which)}."


def _listed(names: list[str]) -> str:
    return ", ".join(map(shown_name, names[:_SHOWN])) + (", ..." if len(names) > _SHOWN else "")


def no_training_file(folder: str, names: Collection[str]) -> str:
    """Why a folder is not enough for a run (`can_start`), and what to do. `names` has all its files."""
    inner = _datasets(names)
    if inner:
        paths = [f"{folder.rstrip('/')}/{name}" for name in inner[:_SHOWN]]
        more = f", and {len(inner) - _SHOWN} more" if len(inner) > _SHOWN else ""
        which = "one of its datasets" if len(inner) > 1 else "the dataset in it"
        return f"'{folder}' has no training file. Name {which}: {', '.join(paths)}{more}."
    remedy = renaming(names) or f"Add {accepted_names('training')}; or documents, below documents/."
    return f"'{folder}' has no training file. {remedy}"


def _datasets(names: Collection[str]) -> list[str]:
    """The folders inside of one without data files that are datasets themselves."""
    if any(role_of(name) for name in names):
        return []
    inner: dict[str, list[str]] = {}
    for name in names:
        top, slash, rest = name.partition("/")
        if slash:
            inner.setdefault(top, []).append(rest)
    return sorted(top for top, files in inner.items() if can_start(files))
