"""The folder of a cloud: atomic writes, foreign folders, and the lock."""

import stat
import threading

import pytest

from local.errors import LocalCloudError
from local.folder import FOLDER_VARIABLE, CloudFolder, CloudRecord

RECORD = CloudRecord(port=4566, pid=1, access_key_id="AKIA", secret_access_key="secret", engine="tiny")


@pytest.fixture
def folder(tmp_path):
    return CloudFolder(tmp_path / "cloud")


def test_the_variable_names_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "elsewhere"))
    assert CloudFolder.default().root == tmp_path / "elsewhere"


def test_without_the_variable_it_is_in_the_checkout(monkeypatch):
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    assert CloudFolder.default().root.name == ".local"


def test_a_record_is_read_as_it_was_written_and_only_by_its_owner(folder):
    folder.make()
    folder.write_record(RECORD)
    assert folder.read_record() == RECORD
    assert stat.S_IMODE(folder.record.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700


@pytest.mark.parametrize("text", ["", '{"port": 45', "[]", "null", '{"port": 4566}', '{"unknown": 1}'])
def test_an_incomplete_record_counts_as_none(folder, text):
    folder.make()
    folder.record.write_text(text)
    assert folder.read_record() is None


def test_no_folder_has_no_record(folder):
    assert folder.read_record() is None


def test_a_folder_with_other_content_is_refused_and_unchanged(folder):
    folder.root.mkdir()
    precious = folder.root / "thesis.tex"
    precious.write_text("years of work")
    for use in (folder.make, folder.remove):
        with pytest.raises(LocalCloudError, match="is not empty and was not created by a local cloud"):
            use()
    assert precious.read_text() == "years of work"


def test_an_empty_folder_is_accepted(folder):
    folder.root.mkdir()
    folder.make()
    folder.remove()
    assert not folder.root.exists()


def test_a_removal_that_was_interrupted_is_continued(folder, monkeypatch):
    folder.make()
    folder.write_record(RECORD)
    removed = []

    def interrupted(path):
        removed.append(path)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("local.folder.shutil.rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            folder.remove()
    assert removed
    folder.make()
    folder.remove()
    assert not folder.root.exists()


def test_removing_a_folder_leaves_what_its_links_point_to(folder, tmp_path):
    (tmp_path / "mine").mkdir()
    folder.make()
    (folder.root / "link").symlink_to(tmp_path / "mine")
    folder.remove()
    assert (tmp_path / "mine").exists()
    assert not folder.root.exists()


def test_removing_a_missing_folder_does_nothing(folder):
    folder.remove()


def test_the_lock_is_exclusive_even_when_its_holder_removes_the_folder(folder):
    order, second_started = [], threading.Event()

    def second():
        second_started.set()
        with folder.locked():
            order.append("second")

    thread = threading.Thread(target=second)
    with folder.locked():
        thread.start()
        assert second_started.wait(60)
        thread.join(0.2)  # time to break in, if the lock did not hold
        folder.remove()
        order.append("first")
    thread.join(60)
    assert order == ["first", "second"]
    with folder.locked():  # and it is free again
        assert folder.root.exists()
