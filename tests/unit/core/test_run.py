"""Run ids depend on the content alone, and file names decide on roles."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.core.resource_names import resource_name
from tuner.core.run import DatasetFile, Role, dataset_file, run_id

CONTENTS = [("training.csv", "a" * 64), ("run.yaml", "b" * 64)]
contents = st.lists(st.tuples(st.text(min_size=1), st.text(alphabet="0123456789abcdef", min_size=64, max_size=64)))


@given(st.text(min_size=1), contents, st.integers(0, 99))
def test_run_ids_are_valid_names_in_bedrock_and_step_functions(
    dataset: str, files: list[tuple[str, str]], repeat: int
) -> None:
    name = resource_name("a" * 15, run_id(dataset, files, repeat))
    assert len(name) <= 63
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9\+\-\.])*", name), "customization job"
    assert re.fullmatch(r"([0-9a-zA-Z][_-]?)+", name), "custom model, throughput and deployment"


@given(st.permutations(CONTENTS))
def test_the_order_of_files_does_not_change_the_run_id(files: list[tuple[str, str]]) -> None:
    assert run_id("faq", files) == run_id("faq", CONTENTS)


@pytest.mark.parametrize(
    "other",
    [
        run_id("faq2", CONTENTS),
        run_id("faq", CONTENTS[:1]),
        run_id("faq", [("training.csv", "c" * 64), CONTENTS[1]]),
        run_id("faq", [("training.jsonl", "a" * 64), CONTENTS[1]]),
        run_id("faq", CONTENTS, repeat=1),
    ],
)
def test_another_dataset_content_name_or_repeat_gives_another_run_id(other: str) -> None:
    assert other != run_id("faq", CONTENTS)


def test_dataset_names_without_ascii_letters_give_different_run_ids() -> None:
    assert run_id("データ", CONTENTS) != run_id("資料", CONTENTS)
    assert run_id("データ", CONTENTS).startswith("dataset-")


@pytest.mark.parametrize("name", ["my data", "a+b", "100%", "データ", "a%2Fb"])
def test_object_keys_with_any_characters_are_parsed(name: str) -> None:
    assert dataset_file(f"incoming/{name}/training.jsonl") == DatasetFile(name, "training")


@pytest.mark.parametrize(
    "key",
    [
        "incoming/training.csv",
        "incoming//training.csv",
        "incoming/a/b/training.csv",
        "incoming/a/training.csv.bak",
        "incoming/a/training.xls",
        "incoming/a/training.csv.zip",
        "incoming/a/Training.csv",
        "incoming/a/documents/",
        "other/a/training.csv",
        "Incoming/a/training.csv",
        "",
    ],
)
def test_other_object_keys_belong_to_no_dataset(key: str) -> None:
    assert dataset_file(key) is None


@pytest.mark.parametrize(
    ("name", "role"),
    [("validation.json", "validation"), ("evaluation.csv", "evaluation"), ("run.yaml", "settings")],
)
def test_files_of_a_dataset_have_roles(name: str, role: Role) -> None:
    assert dataset_file(f"incoming/a/{name}") == DatasetFile("a", role)
    assert dataset_file("incoming/a/documents/guide/one.pdf") == DatasetFile("a", "documents")
