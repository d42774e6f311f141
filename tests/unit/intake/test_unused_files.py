"""Files of a dataset's folder that a run does not use: which ones are warned of, and what they must be called."""

from __future__ import annotations

import pytest

from tuner.intake.unused_files import no_training_file, right_name, unused_files

RIGHT_NAMES = {
    "claude3_ft_training.jsonl": "training.jsonl",
    "claude3_ft_validation.jsonl": "validation.jsonl",
    "train.csv": "training.csv",
    "TrainingData.json": "training.json",
    "faq-train-2026.jsonl.gz": "training.jsonl.gz",
    "finetuning.jsonl": "training.jsonl",
    "Training.JSONL": "training.jsonl",
    "training.ndjson": "training.jsonl",
    "training.jsonl.txt": "training.jsonl",
    "data/training.jsonl": "training.jsonl",
    "training (1).xlsx": "training.xlsx",
    "val.jsonl": "validation.jsonl",
    "dev.parquet": "validation.parquet",
    "validationSet.csv": "validation.csv",
    "eval.jsonl": "evaluation.jsonl",
    "test.tsv": "evaluation.tsv",
    "faq_holdout.json": "evaluation.json",
    "Run.YAML": "run.yaml",
    "run.yaml.txt": "run.yaml",
    "docs/guide.md": "documents/guide.md",
    "guide.pdf": "documents/guide.pdf",
}


@pytest.mark.parametrize(("name", "right"), RIGHT_NAMES.items())
def test_the_right_name_of_a_file(name: str, right: str) -> None:
    assert right_name(name) == right


@pytest.mark.parametrize(
    "name", ["README.md", "faq.csv", "train_test.csv", "contest.csv", "constraint.jsonl", "training.png", "values.json"]
)
def test_a_name_that_says_no_role_has_no_right_name(name: str) -> None:
    assert right_name(name) is None


def warnings(*names: str) -> dict[str, str]:
    return {file.name: f"{file.rule}: {file.message} {file.remedy}" for file in unused_files(names)}


def test_a_misnamed_file_is_warned_of_with_its_right_name() -> None:
    found = warnings("training.jsonl", "claude3_ft_validation.jsonl", "README.md", "run.yaml", "documents/a.pdf")
    assert found == {
        "claude3_ft_validation.jsonl": "unused-file: is not used, because of its name. "
        "Rename claude3_ft_validation.jsonl to validation.jsonl."
    }


def test_a_second_file_of_a_role_is_warned_of_as_not_used() -> None:
    found = warnings("training.jsonl", "old_training.csv", "documents/a.pdf", "b.pdf")
    assert found == {
        "old_training.csv": "unused-file: is not used: training.jsonl is the training file. "
        "Nothing to do if that is right.",
        "b.pdf": "unused-file: is not used, because of its name. Rename b.pdf to documents/b.pdf.",
    }


def test_data_of_an_unknown_role_is_warned_of() -> None:
    assert "its name does not say what it is for" in warnings("training.jsonl", "faq.csv")["faq.csv"]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["README.md"], "Add training.json, "),
        (["evaluation.jsonl"], "Add training.json, "),
        (["train.jsonl"], "Rename train.jsonl to training.jsonl."),
        (
            ["ft_training.jsonl", "ft_validation.jsonl", "validation.csv"],
            "Rename ft_training.jsonl to training.jsonl.",
        ),
        (["test.csv", "train.csv"], "Rename train.csv to training.csv and test.csv to evaluation.csv."),
        (["train_a.csv", "train_b.csv"], "Rename one of train_a.csv, train_b.csv to training.csv."),
        (["faq.csv", "notes.md"], "If faq.csv has the training data, rename it to training.csv."),
        (["faq.csv", "more.csv"], "If one of faq.csv, more.csv has the training data, name it training.json, "),
        (["documents/a.md", "documents/training.csv"], "Move documents/training.csv out of documents/, next to it."),
        (["documents/a.md", "a.csv", "b.csv"], "If one of a.csv, b.csv has the training data, name it training.json, "),
        (["documents/a.md", "train.csv"], "Rename train.csv to training.csv."),
        (["a/training.csv", "b/documents/c.md", "c/notes.txt", "README.md"], "Name one of its datasets: faq/a, faq/b."),
        (["a/training.csv", "a/run.yaml"], "Name the dataset in it: faq/a."),
        ([f"{name}/training.csv" for name in "abcdefg"], "faq/a, faq/b, faq/c, faq/d, faq/e, and 2 more."),
        (["evaluation.csv", "data/training.csv"], "Rename data/training.csv to training.csv."),
    ],
)
def test_a_folder_without_training_data_says_what_to_do(names: list[str], said: str) -> None:
    assert said in no_training_file("faq", names)
