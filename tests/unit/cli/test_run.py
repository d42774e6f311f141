"""`tuner run`."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.samples import failed
from tests.unit.cli.world import Clock, Execution, Refused, Tuner, World


class TestRun:
    def test_uploads_what_belongs_to_a_dataset_and_follows_its_run_to_the_end(
        self, tuner: Tuner, world: World, folder: Path
    ) -> None:
        outcome = tuner("run", str(folder))
        assert set(world.uploaded()) == {
            "incoming/faq/training.jsonl",
            "incoming/faq/evaluation.csv",
            "incoming/faq/documents/guide.md",
        }
        assert outcome.status == 0
        assert outcome.out == ""
        assert "Not uploaded, because they are not part of a dataset: notes.txt" in outcome.err
        assert "✓ Notify of success" in outcome.err
        assert "Throughput left: none" in outcome.err

    def test_the_training_file_starts_the_run_so_it_arrives_last(
        self, tuner: Tuner, world: World, folder: Path
    ) -> None:
        (folder / "validation.csv").write_text("question,answer\na,b\n")
        tuner("run", str(folder))
        assert len(world.calls("PutObject")) == 4
        assert world.calls("PutObject")[-1]["path"].endswith("/incoming/faq/training.jsonl")

    def test_an_interrupted_upload_says_that_nothing_has_started(
        self, tuner: Tuner, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("tuner.cli.upload.send", interrupt)
        outcome = tuner("run", str(folder))
        assert outcome.status == 130
        assert "No run has started, because the training file goes last" in outcome.err

    def test_exits_with_1_when_the_run_fails(self, tuner: Tuner, world: World, folder: Path) -> None:
        outcome = tuner("run", str(folder), "--no-watch")
        assert outcome.status == 0
        (name,) = world.executions
        world.add(failed(name))
        outcome = tuner("run", str(folder))
        assert outcome.status == 1
        assert f"{name} (FAILED)" in outcome.err

    def test_the_same_content_starts_nothing_and_is_not_uploaded_again(
        self, tuner: Tuner, world: World, folder: Path
    ) -> None:
        tuner("run", str(folder))
        world.s3.delete_object(Bucket="tuner-data", Key="incoming/faq/training.jsonl")
        outcome = tuner("run", str(folder))
        assert outcome.status == 0
        assert "Nothing is started. To run it again: --again" in outcome.err
        assert "incoming/faq/training.jsonl" not in world.uploaded()

    def test_again_asks_the_start_function_for_the_next_repeat(self, tuner: Tuner, world: World, folder: Path) -> None:
        tuner("run", str(folder))
        (first,) = world.executions
        world.after["Invoke"] = lambda: world.add(Execution(f"{first}-r1"))
        outcome = tuner("run", str(folder), "--again")
        assert json.loads(world.calls("Invoke")[0]["Payload"]) == {"dataset": "faq", "repeat": 1}
        assert outcome.status == 0
        assert f"The run {first}-r1 succeeded" in outcome.err

    def test_again_waits_for_a_start_function_that_is_inactive(self, tuner: Tuner, world: World, folder: Path) -> None:
        tuner("run", str(folder))
        (first,) = world.executions

        def wake() -> None:
            if len(world.calls("Invoke")) < 4:
                raise Refused("CodeArtifactUserPendingException", "Lambda is initializing your function.", 409)
            world.add(Execution(f"{first}-r1"))

        world.after["Invoke"] = wake
        assert tuner("run", str(folder), "--again").status == 0

    def test_again_says_when_the_start_function_stays_inactive(self, tuner: Tuner, world: World, folder: Path) -> None:
        def asleep() -> None:
            raise Refused("CodeArtifactUserPendingException", "Lambda is initializing your function.", 409)

        tuner("run", str(folder))
        world.after["Invoke"] = asleep
        outcome = tuner("run", str(folder), "--again")
        assert outcome.status == 1
        assert "Lambda is initializing your function" in outcome.err
        assert len(world.calls("Invoke")) > 50

    def test_again_of_what_never_ran_is_an_ordinary_run(self, tuner: Tuner, world: World, folder: Path) -> None:
        assert tuner("run", str(folder), "--again").status == 0
        assert world.calls("Invoke") == []

    def test_settings_take_the_place_of_the_folders_own(self, tuner: Tuner, world: World, folder: Path) -> None:
        (folder / "run.yaml").write_text("serving: none\n")
        other = folder.parent / "quick.yml"
        other.write_text("serving: on_demand\n")
        assert tuner("run", str(folder), "--settings", str(other), "--dataset", "my data").status == 0
        assert world.uploaded()["incoming/my data/run.yaml"] == b"serving: on_demand\n"

    def test_what_an_earlier_upload_left_is_taken_away_and_named(
        self, tuner: Tuner, world: World, folder: Path
    ) -> None:
        world.s3.put_object(Bucket="tuner-data", Key="incoming/faq/validation.csv", Body=b"old")
        outcome = tuner("run", str(folder))
        assert "incoming/faq/validation.csv" not in world.uploaded()
        assert "Deleted files of an earlier upload from the bucket: validation.csv" in outcome.err

    def test_says_where_to_look_when_nothing_starts(
        self, tuner: Tuner, world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.starts = False
        outcome = tuner("run", str(folder))
        assert outcome.status == 1
        assert "look into the log of the function 'tuner-start'" in outcome.err

    def test_ctrl_c_while_waiting_says_that_the_run_starts(
        self, tuner: Tuner, world: World, folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt(_: float) -> None:
            raise KeyboardInterrupt

        world.starts = False
        monkeypatch.setattr(clock, "sleep", interrupt)
        outcome = tuner("run", str(folder))
        assert outcome.status == 130
        assert "The files are uploaded and the run will start" in outcome.err
