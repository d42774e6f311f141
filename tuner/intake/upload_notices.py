"""Notifications about an upload that starts no run, and about files that came too late for their run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tuner.artifacts.manifest import UnusedFile
from tuner.core.run import again_command, shown_folder
from tuner.core.text_sanitizer import shown_name

_MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class UploadNotice:
    """The subject and the text of a notification. `reason` is its first paragraph, for the result of the function."""

    subject: str
    reason: str
    text: str


def wrong_name(dataset: str, renamed: str) -> UploadNotice:
    """A folder without a training file, in which another name would make one of its files the training file."""
    reason = f"{shown_folder(dataset)} has no training file, so no run was started. {renamed}"
    text = f"{reason}\n\nIn S3, upload the file again under its new name, and delete the other one.\n"
    return UploadNotice("Fine-tuning not started: a file has the wrong name", reason, text)


def too_large_to_start(reason: str) -> UploadNotice:
    """A dataset that is too large to be read. No run reports it, because the id of a run is a hash of all its bytes."""
    return UploadNotice("Fine-tuning not started: the dataset is too large", reason, f"{reason}\n")


def unreadable(reason: str) -> UploadNotice:
    """A folder that has too many objects to be listed, or an object that cannot be read."""
    return UploadNotice("Fine-tuning not started: the dataset cannot be read", reason, f"{reason}\n")


def late_files(dataset: str, run_id: str, files: Sequence[UnusedFile]) -> UploadNotice:
    """Files that came to the folder after its run began, and are not a part of the dataset."""
    found = "\n".join(f"{shown_name(file.name)} {file.message} {file.remedy}" for file in files[:_MOST_SHOWN])
    more = f"\n... and {len(files) - _MOST_SHOWN:,} more." if len(files) > _MOST_SHOWN else ""
    reason = f"Files came to {shown_folder(dataset)} after the run {run_id} began, and are not a part of it."
    text = f"{reason}\n\n{found}{more}\n\nUnder the right name, a file starts a run of the whole folder.\n"
    return UploadNotice("Fine-tuning: a file that was uploaded later is not used", reason, text)


def run_id_taken(dataset: str, run_id: str) -> UploadNotice:
    """The id of the run is used up, although no run has worked on this content.

    Whoever may start executions can give one this name and another input. Its run is refused, and Step Functions does
    not accept the name again. Without this notice, nobody would learn that the upload started nothing.
    """
    reason = (
        f"The upload to {shown_folder(dataset)} started no run: an execution named {run_id}, the run id of this "
        "content, exists and has recorded no inputs. It waits for its place, or it was refused. 'tuner runs' shows it. "
        f"If it was refused for its input, start a run of this content: {again_command('PATH')}"
    )
    return UploadNotice("Fine-tuning not started: the run id is taken", reason, f"{reason}\n")
