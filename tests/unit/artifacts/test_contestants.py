"""The names of contestants, and where they are in the files."""

import pytest
from pydantic import TypeAdapter, ValidationError

from tuner.artifacts.evaluation.contestants import MAIN, Contestant, ContestantName
from tuner.artifacts.evaluation.measure_scores import Aggregate, MeasureScores

_adapter = TypeAdapter(ContestantName)


@pytest.mark.parametrize("name", [*MAIN, "few_shot", "nova-pro_2", "a" * 32])
def test_a_name_that_can_be_part_of_a_key_is_accepted(name: str) -> None:
    assert _adapter.validate_python(name) == name


@pytest.mark.parametrize("name", ["", "Few", "a/b", "..", "1st", "a b", "a" * 33, "a\n"])
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="cannot be the name of a contestant"):
        _adapter.validate_python(name)


def test_contestants_beside_base_and_tuned_model_are_in_others_and_are_read_again() -> None:
    """A name such as `label` must not be taken for another member."""
    scores = MeasureScores(
        label="ROUGE", by_contestant={"base": Aggregate(mean=1), "tuned": Aggregate(mean=2), "label": Aggregate(mean=3)}
    )
    written = scores.model_dump(mode="json")
    assert (written["base"]["mean"], written["tuned"]["mean"], written["label"]) == (1, 2, "ROUGE")
    assert written["others"]["label"]["mean"] == 3
    assert MeasureScores.model_validate(written) == scores


def test_without_other_contestants_the_file_is_as_before() -> None:
    written = MeasureScores(by_contestant={"base": Aggregate(mean=1)}).model_dump(mode="json", exclude_unset=True)
    assert written.keys() == {"base"}


def test_contestants_on_the_tuned_model_need_its_endpoint() -> None:
    kinds = ("base", "tuned", "few_shot", "retrieval", "retrieval_tuned", "model")
    assert [kind for kind in kinds if Contestant(name="x", kind=kind).asks_tuned] == ["tuned", "retrieval_tuned"]
