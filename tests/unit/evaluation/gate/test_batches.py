"""The batches of a run that may stop early: every shard once, the first batch with enough independent questions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tuner.artifacts.dataset import DatasetSummary, QuestionGroups
from tuner.evaluation.gate.batches import batches, next_batch, questions_of_a_batch
from tuner.serving.inference import shard_size


def summary(questions: int, groups: int | None = None) -> DatasetSummary:
    found = QuestionGroups(by="document", questions=questions, groups=groups) if groups else None
    return DatasetSummary(training_records=1, validation_records=1, evaluation_records=questions, groups=found)


@given(questions=st.integers(1, 5_000), configured=st.integers(1, 500), share=st.floats(0.05, 1))
@settings(max_examples=examples(25))
def test_every_shard_is_in_one_batch_and_there_are_about_twenty(questions: int, configured: int, share: float) -> None:
    size = shard_size(questions, min(configured, questions_of_a_batch(questions)))
    found = batches(summary(questions, max(1, int(questions * share))), size, 16)
    assert [shard for batch in found for shard in batch] == list(range(-(-questions // size)))
    assert len(found) <= 21
    following, seen = found[0], [found[0]]
    while following := next_batch(found, following):
        seen.append(following)
    assert seen == found


@pytest.mark.parametrize(("questions", "groups", "first"), [(100, None, 16), (100, 25, 64), (1_000, None, 50)])
def test_the_first_batch_has_enough_independent_questions(questions: int, groups: int | None, first: int) -> None:
    size = min(25, questions_of_a_batch(questions))
    found = batches(summary(questions, groups), size, 16)
    assert first <= len(found[0]) * size < first + 2 * size


@pytest.mark.parametrize(("questions", "groups"), [(16, None), (60, 15)])
def test_few_questions_are_one_batch(questions: int, groups: int | None) -> None:
    assert len(batches(summary(questions, groups), min(25, questions_of_a_batch(questions)), 16)) == 1
