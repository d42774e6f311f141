"""What `tuner run` refuses before anything is uploaded."""

import os
from pathlib import Path

import pytest

from tests.unit.cli.fake_aws import FakeAws, Tuner
from tuner.core.file_formats import accepted_names


class TestRunRefusesBeforeAnyUpload:
    @pytest.fixture(autouse=True)
    def _nothing_arrives(self, aws: FakeAws) -> object:
        yield
        assert aws.uploaded() == {}

    def test_run_without_a_path_is_refused(self, tuner: Tuner) -> None:
        outcome = tuner("run")
        assert outcome.status == 2
        assert "Missing argument 'PATH" in outcome.err

    def test_a_path_that_does_not_exist_is_refused(self, tuner: Tuner, tmp_path: Path) -> None:
        outcome = tuner("run", str(tmp_path / "nowhere"))
        assert (outcome.status, "does not exist" in outcome.err) == (2, True)

    def test_a_file_instead_of_a_folder_is_refused(self, tuner: Tuner, folder: Path) -> None:
        assert "is a file: name a folder with" in tuner("run", str(folder / "training.jsonl")).err

    def test_a_folder_without_training_data(self, tuner: Tuner, folder: Path) -> None:
        (folder / "training.jsonl").unlink()
        (folder / "documents" / "guide.md").unlink()
        outcome = tuner("run", str(folder))
        assert outcome.status == 2
        assert f"has no training file. Add {accepted_names('training')}" in " ".join(outcome.err.split())

    def test_a_training_file_of_another_name(self, tuner: Tuner, folder: Path) -> None:
        (folder / "training.jsonl").rename(folder / "claude3_ft_training.jsonl")
        (folder / "validation.jsonl").write_text((folder / "claude3_ft_training.jsonl").read_text())
        (folder / "validation.jsonl").rename(folder / "claude3_ft_validation.jsonl")
        outcome = tuner("run", str(folder))
        assert outcome.status == 2
        assert (
            "has no training file. Rename claude3_ft_training.jsonl to training.jsonl and claude3_ft_validation.jsonl "
            "to validation.jsonl."
        ) in " ".join(outcome.err.split())

    @pytest.mark.parametrize("name", ["documents/notes.txt", "documents/more", "validation.jsonl", "run.yaml"])
    def test_a_link_that_leaves_the_folder(self, tuner: Tuner, folder: Path, tmp_path: Path, name: str) -> None:
        secret = tmp_path / "secret"
        secret.mkdir()
        (secret / "credentials").write_text("key")
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(secret if name == "documents/more" else secret / "credentials")
        outcome = tuner("run", str(folder))
        assert (outcome.status, "is a link to" in outcome.err) == (1, True), outcome.err
        assert "Copy the file instead" in " ".join(outcome.err.split())

    @pytest.mark.parametrize(
        ("name", "target", "why"),
        [
            ("validation.jsonl", "validation.jsonl", "leads to no file"),
            ("validation.jsonl", "missing.jsonl", "leads to no file"),
            ("documents/more", "..", "is a link to a folder"),
        ],
    )
    def test_a_link_in_the_folder_that_leads_to_no_file(
        self, tuner: Tuner, folder: Path, name: str, target: str, why: str
    ) -> None:
        """Leaving it out would start a run without the data that is expected in it."""
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)
        outcome = tuner("run", str(folder))
        assert (outcome.status, why in " ".join(outcome.err.split())) == (1, True), outcome.err

    def test_a_pipe_instead_of_a_folder_is_refused(self, tuner: Tuner, folder: Path) -> None:
        os.mkfifo(folder / "documents" / "notes.txt")
        assert "notes.txt is no regular file" in " ".join(tuner("run", str(folder)).err.split())

    def test_two_files_of_one_kind(self, tuner: Tuner, folder: Path) -> None:
        (folder / "training.csv").write_text("question,answer\na,b\n")
        assert "training.csv and training.jsonl: keep one" in tuner("run", str(folder)).err

    def test_a_misspelt_setting_with_its_file_and_the_nearest_key(self, tuner: Tuner, folder: Path) -> None:
        (folder / "run.yaml").write_text("servng: none\n")
        outcome = tuner("run", str(folder))
        assert outcome.status == 1
        assert "run.yaml" in outcome.err
        assert "Did you mean 'serving'?" in outcome.err

    def test_settings_that_are_not_utf_8(self, tuner: Tuner, folder: Path) -> None:
        (folder / "run.yaml").write_bytes("system_prompt: déjà\n".encode("latin-1"))
        assert "byte 16 of the file is not UTF-8" in tuner("run", str(folder)).err

    def test_a_missing_settings_file(self, tuner: Tuner, folder: Path) -> None:
        assert "there is no file 'run.yml'" in tuner("run", str(folder), "--settings", "run.yml").err

    def test_a_dataset_with_a_slash(self, tuner: Tuner, folder: Path) -> None:
        assert "is no name of a dataset" in tuner("run", str(folder), "--dataset", "a/b").err

    def test_a_stack_that_does_not_exist_is_refused(self, tuner: Tuner, folder: Path) -> None:
        outcome = tuner("run", str(folder), "--stack", "Other")
        assert outcome.status == 1
        assert "There is no stack 'Other' in us-east-1" in outcome.err
        assert "cdk deploy" in outcome.err

    def test_records_with_errors(self, tuner: Tuner, folder: Path) -> None:
        with (folder / "training.jsonl").open("a") as file:
            file.write('{"prompt": "R?", "completion": ""}\n')
        outcome = tuner("run", str(folder))
        assert outcome.status == 1
        assert outcome.err.count("is empty") == 1
        assert "training.jsonl, line 41" in outcome.err
        assert "The dataset is not ready. Nothing was uploaded." in outcome.err

    def test_settings_that_the_deployment_refuses_with_the_name_of_their_file(
        self, tuner: Tuner, folder: Path, tmp_path: Path
    ) -> None:
        other = tmp_path / "other.yaml"
        for text in ("budget_usd: 100000\n", "learning_rate: 0.1\n", "hyperparameters: {epochs: 3}\n"):
            other.write_text(text)
            for command in ("run", "estimate"):
                outcome = tuner(command, str(folder), "--settings", str(other), "--stack", "BedrockTuner")
                said = "".join(outcome.err.split("\n"))
                assert (outcome.status, "other.yaml" in said, "run.yaml" in said) == (1, True, False), (text, command)
