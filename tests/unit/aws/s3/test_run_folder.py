"""Tests of a run's folder."""

from tests.unit.reporting.conftest import Bucket
from tuner.artifacts.evaluation.answers import Answer
from tuner.artifacts.preflight import Preflight
from tuner.aws.s3.run_folder import RunFolder


def test_an_answer_that_ends_within_a_character_can_be_written_and_read() -> None:
    """A response's JSON can escape one half of an emoji by itself, where the answer was cut off."""
    folder = RunFolder("artifacts", "faq-0123456789ab", Bucket())
    folder.save_records("answers/tuned/00000.jsonl", [Answer(id="a", answer="A smile: \ud83d")])
    folder.save(Preflight(warnings=("\udc00",)))
    assert folder.answers("tuned") == [Answer(id="a", answer="A smile: \ufffd")]
    assert folder.load(Preflight) == Preflight(warnings=("\ufffd",))
