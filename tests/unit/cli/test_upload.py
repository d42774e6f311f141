"""The file that is uploaded is the file that was checked."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.datasets.memory_files import jsonl, pairs
from tuner.cli import upload
from tuner.cli.errors import CommandError


@pytest.fixture
def read(tmp_path: Path) -> upload.DatasetFolder:
    (tmp_path / "training.jsonl").write_bytes(jsonl(pairs(40)))
    (tmp_path / "run.yaml").write_text("serving: none")
    # A link that stays in the folder is a file of it; one among other files is not read.
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "a.txt").symlink_to(tmp_path / "run.yaml")
    (tmp_path / "python").symlink_to("/usr/bin")
    return upload.read(tmp_path, "faq", None)


class Bucket:
    """Receives files, and may change one in the meantime."""

    def __init__(self, changes: Path | None = None) -> None:
        self.received: dict[str, bytes] = {}
        self.changes = changes

    def put_object(self, Key: str, **_: Any) -> None:
        assert Key == "incoming/faq/.uploading"

    def delete_object(self, Key: str, **_: Any) -> None:
        assert Key == "incoming/faq/.uploading"

    def upload_fileobj(self, file: Any, bucket: str, key: str, **_: Any) -> None:
        self.received[key] = file.read()
        file.close()  # as boto3 does
        if self.changes and key.endswith(self.changes.name):
            self.changes.write_text("changed")


def send(bucket: Bucket, read: upload.DatasetFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "client", lambda _: bucket)
    monkeypatch.setattr(upload, "_stale", lambda *_: [])
    upload.send(type("Deployment", (), {"data_bucket": "data"})(), read, lambda _: None)


def test_the_files_arrive_as_they_were_read(read: upload.DatasetFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = Bucket()
    send(bucket, read, monkeypatch)
    assert [key.removeprefix("incoming/faq/") for key in bucket.received] == [
        "documents/a.txt", "run.yaml", "training.jsonl",
    ]  # fmt: skip
    assert bucket.received["incoming/faq/documents/a.txt"] == b"serving: none"


@pytest.mark.parametrize("how", ["content", "link", "gone"])
def test_a_file_that_changed_after_the_check_is_not_sent(
    read: upload.DatasetFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    settings = tmp_path / "run.yaml"
    settings.unlink()
    if how == "content":
        settings.write_text("serving: auto")
    elif how == "link":
        settings.symlink_to(tmp_path / "training.jsonl")
    bucket = Bucket()
    with pytest.raises(CommandError, match=r"(a\.txt|run\.yaml)"):
        send(bucket, read, monkeypatch)
    assert bucket.received == {}


def test_a_file_that_changes_while_it_is_sent_starts_no_run(
    read: upload.DatasetFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bucket = Bucket(changes=tmp_path / "run.yaml")
    with pytest.raises(CommandError, match="changed after it was checked"):
        send(bucket, read, monkeypatch)
    assert "incoming/faq/training.jsonl" not in bucket.received


def test_a_dataset_that_is_too_large_is_refused_before_the_upload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.intake.arrival.MOST_BYTES", 3)
    (tmp_path / "training.jsonl").write_text("{}\n{}")
    with pytest.raises(CommandError, match="a dataset may have"):
        upload.read(tmp_path, "faq", None)


@pytest.mark.slow
def test_too_many_files_are_refused_before_the_upload(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    for number in range(1500):
        (tmp_path / "documents" / f"{number:04}.txt").touch()
    with pytest.raises(CommandError, match=r"has 1,500 files, which are too many for one run: .*Combine documents"):
        upload.read(tmp_path, "faq", None)
