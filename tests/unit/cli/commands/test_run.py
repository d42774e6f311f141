"""`tuner run`."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.doubles import manifest
from tests.unit.cli.fake_aws import Clock, Execution, FakeAws, Refused, Tuner
from tests.unit.cli.samples import failed, guide, records, report
from tuner.artifacts.report import Report
from tuner.core.artifact_keys import Keys
from tuner.core.run import run_id
from tuner.reporting.collect.run_summary import run_summary


def _id_of_bucket(aws: FakeAws, repeat: int) -> str:
    """The id of the run that the files in the bucket have."""
    files = {key.removeprefix("incoming/faq/"): body for key, body in aws.uploaded().items()}
    return run_id("faq", [(name, hashlib.sha256(body).hexdigest()) for name, body in files.items()], repeat)


class TestRun:
    def test_uploads_the_files_of_a_dataset_and_follows_the_run(self, tuner: Tuner, aws: FakeAws, folder: Path) -> None:
        outcome = tuner("run", str(folder))
        assert set(aws.uploaded()) == {
            "incoming/faq/training.jsonl",
            "incoming/faq/evaluation.csv",
            "incoming/faq/documents/guide.md",
        }
        assert outcome.status == 0
        assert outcome.out == ""
        assert "Not uploaded, because they are not part of a dataset: notes.txt" in outcome.err
        assert "✓ Notify of success" in outcome.err
        assert "Throughput left: none" in outcome.err

    def test_says_that_a_python_file_is_not_run(self, tuner: Tuner, aws: FakeAws, folder: Path) -> None:
        (folder / "scorer.py").write_text("raise SystemExit(9)")
        outcome = tuner("run", str(folder))
        assert "scorer.py: is a Python file, which is not run" in outcome.err
        assert "incoming/faq/scorer.py" not in set(aws.uploaded())

    def test_says_which_fields_were_guessed(self, tuner: Tuner, aws: FakeAws, folder: Path) -> None:
        (folder / "training.jsonl").write_text(
            records(40).replace('"prompt"', '"User Query"').replace('"completion"', '"Agent Response"')
        )
        said = " ".join(tuner("run", str(folder)).err.split())
        assert "field 'User Query': is taken for the question" in said
        assert "field 'Agent Response': is taken for the answer" in said

    def test_the_training_file_is_uploaded_last(self, tuner: Tuner, aws: FakeAws, folder: Path) -> None:
        rows = "".join(f"What is part {number}?,Part {number}.\n" for number in range(20))
        (folder / "validation.csv").write_text(f"question,answer\n{rows}")
        tuner("run", str(folder))
        assert len(aws.calls("PutObject")) == 5, "four files and the marker of the upload"
        assert aws.calls("PutObject")[-1]["path"].endswith("/incoming/faq/training.jsonl")

    def test_documents_alone_are_uploaded_under_a_marker_that_is_deleted_at_the_end(
        self, tuner: Tuner, aws: FakeAws, folder: Path
    ) -> None:
        for name in ("training.jsonl", "evaluation.csv"):
            (folder / name).unlink()
        (folder / "documents" / "guide.md").write_text(guide())
        outcome = tuner("run", str(folder))
        assert outcome.status == 0, outcome.err
        said = " ".join(outcome.err.split())
        assert "about the documents: " in said and " evaluation questions from " in said
        sent = [call["path"].rpartition("/")[2] for call in aws.calls("PutObject")]
        assert sent == [".uploading", "guide.md"]
        assert set(aws.uploaded()) == {"incoming/faq/documents/guide.md"}

    def test_the_marker_of_an_upload_that_fails_stays(
        self, tuner: Tuner, aws: FakeAws, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("tuner.cli.upload._send", interrupt)
        assert tuner("run", str(folder)).status == 130
        assert "incoming/faq/.uploading" in aws.uploaded()

    def test_documents_that_are_too_short_are_refused_before_the_upload(
        self, tuner: Tuner, aws: FakeAws, folder: Path
    ) -> None:
        (folder / "training.jsonl").unlink()
        outcome = tuner("run", str(folder))
        assert outcome.status == 1
        assert "The documents have 1 part with text" in " ".join(outcome.err.split())
        assert not aws.calls("PutObject")

    def test_an_interrupted_upload_says_that_nothing_has_started(
        self, tuner: Tuner, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("tuner.cli.upload.send", interrupt)
        outcome = tuner("run", str(folder))
        assert outcome.status == 130
        assert "No run has started, because the dataset is not complete" in outcome.err

    def test_exits_with_1_when_the_run_fails(self, tuner: Tuner, aws: FakeAws, folder: Path) -> None:
        outcome = tuner("run", str(folder), "--no-watch")
        assert outcome.status == 0
        (name,) = aws.executions
        aws.add(failed(name))
        outcome = tuner("run", str(folder))
        assert outcome.status == 1
        assert f"{name} (FAILED)" in outcome.err

    @pytest.mark.slow
    def test_the_same_content_starts_nothing_and_is_not_uploaded_again(
        self, tuner: Tuner, aws: FakeAws, folder: Path
    ) -> None:
        tuner("run", str(folder))
        aws.s3.delete_object(Bucket="tuner-data", Key="incoming/faq/training.jsonl")
        outcome = tuner("run", str(folder))
        assert outcome.status == 0
        assert f"To run it again: tuner run {folder} --again" in " ".join(outcome.err.split())
        assert "incoming/faq/training.jsonl" not in aws.uploaded()

    @pytest.mark.slow
    def test_again_asks_the_start_function_for_the_next_repeat(self, tuner: Tuner, aws: FakeAws, folder: Path) -> None:
        tuner("run", str(folder))
        (first,) = aws.executions
        aws.after["Invoke"] = lambda: aws.add(Execution(f"{first}-r1"))
        outcome = tuner("run", str(folder), "--again")
        assert json.loads(aws.calls("Invoke")[0]["Payload"]) == {"dataset": "faq", "repeat": 1}
        assert outcome.status == 0
        assert f"The run {first}-r1 succeeded" in outcome.err

    @pytest.mark.slow
    def test_again_with_a_run_repeats_what_is_in_the_bucket(self, tuner: Tuner, aws: FakeAws, folder: Path) -> None:
        tuner("run", str(folder))
        (first,) = aws.executions
        aws.asked.clear()
        for name in (f"{first}-r1", f"{first}-r2"):
            aws.after["Invoke"] = lambda name=name: aws.add(Execution(name))  # type: ignore[misc]
            outcome = tuner("run", first, "--again")
            assert outcome.status == 0
            assert f"The run {name} succeeded" in outcome.err
            assert "not those of" not in outcome.err
        asked = [json.loads(call["Payload"]) for call in aws.calls("Invoke")]
        assert asked == [{"dataset": "faq", "repeat": 1}, {"dataset": "faq", "repeat": 2}]
        assert not aws.calls("PutObject")

    @pytest.mark.slow
    def test_again_with_a_run_whose_files_changed_says_so_and_waits_for_the_run_of_the_files(
        self, tuner: Tuner, aws: FakeAws, folder: Path
    ) -> None:
        tuner("run", str(folder))
        (first,) = aws.executions
        inputs = [
            {"role": role, "key": f"incoming/faq/{name}", "version_id": "1", "size": 1, "sha256": "0"}
            for role, name in (("training", "training.jsonl"), ("validation", "validation.csv"))
        ]
        aws.put(first, Keys.MANIFEST, {**manifest().model_dump(mode="json"), "inputs": inputs})
        aws.s3.put_object(Bucket="tuner-data", Key="incoming/faq/training.jsonl", Body=records(41).encode())
        aws.starts = False
        for repeat in (0, 1):
            aws.after["Invoke"] = lambda: aws.add(Execution(_id_of_bucket(aws, repeat)))  # noqa: B023
            outcome = tuner("run", first, "--again")
            name = _id_of_bucket(aws, repeat)
            assert outcome.status == 0, outcome.err
            said = " ".join(outcome.err.split())
            assert f"The files in incoming/faq/ are not those of {first} any more: training.jsonl changed, " in said
            assert "documents/guide.md is new, evaluation.csv is new" in said
            assert "validation.csv was deleted" in said
            assert f"This run of them is {name}." in said
            assert ("They were not run before." in said) == (repeat == 0)
            assert f"The run {name} succeeded" in said
        asked = [json.loads(call["Payload"]) for call in aws.calls("Invoke")]
        assert asked == [{"dataset": "faq", "repeat": 0}, {"dataset": "faq", "repeat": 1}]

    def test_again_with_a_run_whose_files_are_gone_starts_nothing(
        self, tuner: Tuner, aws: FakeAws, folder: Path
    ) -> None:
        tuner("run", str(folder))
        (first,) = aws.executions
        for key in aws.uploaded():
            aws.s3.delete_object(Bucket="tuner-data", Key=key)
        outcome = tuner("run", first, "--again")
        assert outcome.status == 1
        assert "incoming/faq/: there is no training file" in " ".join(outcome.err.split())
        assert not aws.calls("Invoke")

    @pytest.mark.slow
    def test_a_run_that_step_functions_has_forgotten_is_no_first_run(
        self, tuner: Tuner, aws: FakeAws, folder: Path
    ) -> None:
        tuner("run", str(folder))
        (first,) = aws.executions
        aws.executions.clear()
        aws.starts = False
        old = Report.model_validate(report(first, dataset="faq"))
        aws.put(first, Keys.REPORT, report(first))
        aws.put(first, Keys.REPORT_CARD, run_summary(old).model_dump_json())
        aws.asked.clear()
        outcome = tuner("run", str(folder))
        assert f"This content was run before: {first}" in outcome.err
        assert outcome.status == 0, outcome.err
        assert not aws.calls("PutObject")
        aws.after["Invoke"] = lambda: aws.add(Execution(f"{first}-r1"))
        for reference in (str(folder), first):
            aws.executions.clear()
            assert tuner("run", reference, "--again").status == 0
        assert [json.loads(call["Payload"])["repeat"] for call in aws.calls("Invoke")] == [1, 1]

    def test_again_with_neither_a_folder_nor_a_run_says_so(self, tuner: Tuner, aws: FakeAws, folder: Path) -> None:
        outcome = tuner("run", "fqa", "--again")
        assert outcome.status == 1
        assert "There is no folder 'fqa'. There is no run 'fqa'" in " ".join(outcome.err.split())
        assert tuner("run", "fqa", "--again", "--dataset", "faq").status == 2
        assert not aws.calls("Invoke")

    @pytest.mark.slow
    def test_again_waits_for_a_start_function_that_is_inactive(self, tuner: Tuner, aws: FakeAws, folder: Path) -> None:
        tuner("run", str(folder))
        (first,) = aws.executions

        def wake() -> None:
            if len(aws.calls("Invoke")) < 4:
                raise Refused("CodeArtifactUserPendingException", "Lambda is initializing your function.", 409)
            aws.add(Execution(f"{first}-r1"))

        aws.after["Invoke"] = wake
        assert tuner("run", str(folder), "--again").status == 0

    @pytest.mark.slow
    def test_again_says_when_the_start_function_stays_inactive(self, tuner: Tuner, aws: FakeAws, folder: Path) -> None:
        def asleep() -> None:
            raise Refused("CodeArtifactUserPendingException", "Lambda is initializing your function.", 409)

        tuner("run", str(folder))
        aws.after["Invoke"] = asleep
        outcome = tuner("run", str(folder), "--again")
        assert outcome.status == 1
        assert "Lambda is initializing your function" in outcome.err
        assert len(aws.calls("Invoke")) > 50

    def test_again_without_an_earlier_run_is_a_first_run(self, tuner: Tuner, aws: FakeAws, folder: Path) -> None:
        assert tuner("run", str(folder), "--again").status == 0
        assert aws.calls("Invoke") == []

    def test_settings_replace_those_of_the_folder(self, tuner: Tuner, aws: FakeAws, folder: Path) -> None:
        (folder / "run.yaml").write_text("serving: none\n")
        other = folder.parent / "quick.yml"
        other.write_text("serving: on_demand\n")
        assert tuner("run", str(folder), "--settings", str(other), "--dataset", "my data").status == 0
        assert aws.uploaded()["incoming/my data/run.yaml"] == b"serving: on_demand\n"

    @pytest.mark.slow
    def test_files_of_an_earlier_upload_are_deleted_and_named(self, tuner: Tuner, aws: FakeAws, folder: Path) -> None:
        aws.s3.put_object(Bucket="tuner-data", Key="incoming/faq/validation.csv", Body=b"old")
        outcome = tuner("run", str(folder))
        assert "incoming/faq/validation.csv" not in aws.uploaded()
        assert "Deleted files of an earlier upload from the bucket: validation.csv" in outcome.err

    def test_a_run_that_does_not_start_is_an_error_with_hints(
        self, tuner: Tuner, aws: FakeAws, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        aws.starts = False
        outcome = tuner("run", str(folder))
        assert outcome.status == 1
        assert "look into the log of the function 'tuner-start'" in outcome.err

    def test_ctrl_c_while_waiting_says_that_the_run_will_start(
        self, tuner: Tuner, aws: FakeAws, folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt(_: float) -> None:
            raise KeyboardInterrupt

        aws.starts = False
        monkeypatch.setattr(clock, "sleep", interrupt)
        outcome = tuner("run", str(folder))
        assert outcome.status == 130
        assert "The files are uploaded and the run will start" in outcome.err
