"""Applying the gate: gate.json, the custom model's tag and the event, also when the step is retried."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.doubles import CUSTOM_MODEL, RUN, MemoryFolder, manifest, stored_json
from tests.unit.evaluation.gate.test_gate_rules import BETTER, EQUAL, MAYBE, WORSE, compared
from tests.unit.training.test_job import Registered
from tuner.artifacts.evaluation.gate import Gate, GateEvent, RuleNumbers
from tuner.artifacts.evaluation.people import HumanScores
from tuner.artifacts.evaluation.scores import Scores
from tuner.artifacts.evaluation.verdict import Verdict
from tuner.artifacts.training import JobRecord, JobUse
from tuner.core.artifact_keys import Keys
from tuner.core.cloudwatch_metrics import namespace
from tuner.core.errors import AwsError, RetryableError
from tuner.evaluation.gate.apply import apply_gate
from tuner.settings import DeploymentSettings

PAGE = (Path(__file__).parents[4] / "docs" / "gate.md").read_text("utf-8")
GATE = {"correctness": {"at_least": 6, "better_than": "base"}}


class FakeAws:
    """Bedrock's tags and EventBridge's bus. `refuses` is how many events the bus refuses."""

    def __init__(self, refuses: int = 0, deleted: bool = False) -> None:
        self.refuses = refuses
        self.deleted = deleted
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.events: list[GateEvent] = []

    def tag(self, arn: str, tags: Mapping[str, str]) -> bool:
        self.tags += [] if self.deleted else [(arn, dict(tags))]
        return not self.deleted

    def put(self, event: GateEvent) -> None:
        if self.refuses:
            self.refuses -= 1
            raise RetryableError("InternalFailure")
        self.events.append(event)


def scores(tuned: list[float], **more: Any) -> bytes:
    verdict = Verdict(value="better", metric="correctness", sentence="The tuned model is better.")
    return Scores(verdict=verdict, metrics=compared(EQUAL, tuned), **more).to_json()


def a_run(tuned: list[float] = BETTER, gate: dict[str, Any] = GATE, **more: Any) -> MemoryFolder:
    training = json.dumps({"custom_model_arn": CUSTOM_MODEL}).encode()
    run = manifest(gate=gate).model_dump_json().encode()
    return MemoryFolder(files={Keys.MANIFEST: run, Keys.SCORES: scores(tuned, **more), Keys.TRAINING_SUMMARY: training})


def apply(folder: MemoryFolder, aws: FakeAws, uses: Registered | None = None) -> Gate:
    return apply_gate(folder, aws, uses or Registered(), aws.put)


class WithSibling(MemoryFolder):
    """A folder beside that of a run of the same job."""

    def __init__(self, files: Mapping[str, bytes], other: MemoryFolder) -> None:
        super().__init__(files=files)
        self.other = other

    def sibling(self, run_id: str) -> MemoryFolder:
        assert run_id == self.other.run_id
        return self.other


@pytest.mark.parametrize(
    ("theirs", "job", "marked"),
    [
        ("accepted", "tuner-first", "accepted"),
        ("rejected", "tuner-first", "rejected"),
        (None, "tuner-first", "rejected"),
        ("accepted", "tuner-another", "rejected"),
    ],
    ids=["accepted it", "rejected it too", "not decided yet", "accepted another model"],
)
def test_a_model_that_another_run_accepted_stays_accepted(theirs: str | None, job: str, marked: str) -> None:
    """Retention deletes models by this tag; the run's own decision is what its gate.json and its event say."""
    record = JobRecord(
        run_id=RUN, trained_by="first", job_name="tuner-first", recorded_at="2026-11-01T00:00:00Z", fingerprint="f"
    )
    apply(other := a_run(BETTER if theirs == "accepted" else WORSE), FakeAws())
    gate = {Keys.GATE: other.files[Keys.GATE]} if theirs else {}
    files = a_run(WORSE).files | {Keys.TRAINING_JOB: record.model_dump_json().encode()}
    folder, aws = WithSibling(files, MemoryFolder("first", gate)), FakeAws()
    uses = Registered(
        JobUse(run_id="first", trained_by="first", job_name=job),
        JobUse(run_id=RUN, trained_by="first", job_name="tuner-first"),
    )
    assert apply(folder, aws, uses).decision == "rejected"
    assert aws.tags == [(CUSTOM_MODEL, {"bedrock-tuner:gate": marked})]
    assert aws.events[0].decision == "rejected"


@pytest.mark.parametrize(("tuned", "decision"), [(BETTER, "accepted"), (WORSE, "rejected")])
def test_the_model_is_tagged_and_the_event_has_the_numbers(tuned: list[float], decision: str) -> None:
    folder, aws = a_run(tuned), FakeAws()
    assert apply(folder, aws).decision == decision
    assert aws.tags == [(CUSTOM_MODEL, {"bedrock-tuner:gate": decision})]
    [event] = aws.events
    assert (event.run_id, event.dataset, event.custom_model_arn) == (RUN, "faq", CUSTOM_MODEL)
    bound, against = event.rules
    assert bound.numbers == RuleNumbers(bound=6, tuned=sum(tuned) / len(tuned))
    assert against.numbers.other == 5.5
    assert against.numbers.interval
    assert stored_json(folder, Keys.GATE)["announced"] is True


def test_a_difference_that_may_be_chance_is_undecided() -> None:
    aws = FakeAws()
    assert apply(a_run(MAYBE, {"correctness": {"better_than": "base"}}), aws).decision == "undecided"
    assert aws.tags == [(CUSTOM_MODEL, {"bedrock-tuner:gate": "undecided"})]


def test_without_a_gate_there_is_no_event_and_no_tag() -> None:
    folder, aws = a_run(gate={}), FakeAws()
    assert apply(folder, aws).decision == "none"
    assert (aws.tags, aws.events) == ([], [])
    assert stored_json(folder, Keys.GATE)["sentence"] == "The run's settings have no gate."


def test_a_retry_puts_the_same_decision_with_the_same_id() -> None:
    folder, aws = a_run(), FakeAws(refuses=1)
    with pytest.raises(RetryableError):
        apply(folder, aws)
    first = stored_json(folder, Keys.GATE)
    assert first["announced"] is False
    apply(folder, aws)
    apply(folder, aws)
    assert [event.id for event in aws.events] == [first["id"]]
    assert aws.tags == [(CUSTOM_MODEL, {"bedrock-tuner:gate": "accepted"})] * 2


def test_scores_that_people_changed_are_decided_again_with_another_id() -> None:
    folder, aws = a_run(), FakeAws()
    apply(folder, aws)
    folder.write(Keys.SCORES, scores(WORSE, people=HumanScores(questions=3, answers=3, of_answers=20)))
    apply(folder, aws)
    before, after = aws.events
    assert (before.decision, after.decision) == ("accepted", "rejected")
    assert (before.people, after.people) == (False, True)
    assert before.id != after.id
    assert aws.tags[-1] == (CUSTOM_MODEL, {"bedrock-tuner:gate": "rejected"})


def test_the_event_has_the_members_of_gate_json_and_fits_eventbridge() -> None:
    folder, aws = a_run(), FakeAws()
    apply(folder, aws)
    [event] = aws.events
    detail = json.loads(event.detail())
    written = stored_json(folder, Keys.GATE)
    assert detail.items() <= written.items()
    assert set(written) - set(detail) == {"announced", "tag", "scores_sha256"}
    assert set(detail) == set(GateEvent.model_fields)
    assert len(json.dumps(detail)) < 256 * 1024


def test_without_scores_the_gate_is_an_error() -> None:
    folder = a_run()
    del folder.files[Keys.SCORES]
    with pytest.raises(AwsError, match="scores"):
        apply(folder, FakeAws())


def test_the_event_in_the_documentation_fits_the_schema() -> None:
    example = PAGE.split("```json")[2].partition("```")[0]
    assert GateEvent.model_validate_json(example).decision == "accepted"


@pytest.mark.parametrize("changes", [{}, {"metrics": {}}], ids=["chance", "nothing measured"])
def test_every_event_fits_the_schema(changes: dict[str, Any]) -> None:
    aws = FakeAws()
    gate = {"correctness": {"at_least": 2, "at_most": 9, "better_than": "best", "not_worse_than": "base"}}
    folder = a_run(MAYBE, gate)
    folder.write(Keys.SCORES, json.dumps(json.loads(folder.read(Keys.SCORES)) | changes).encode())
    assert len(apply(folder, aws).rules) == 4
    [event] = aws.events
    assert GateEvent.model_validate_json(event.detail()) == event


def test_a_deleted_model_is_neither_tagged_nor_in_the_event() -> None:
    folder, aws = a_run(), FakeAws(deleted=True)
    apply(folder, aws)
    [event] = aws.events
    assert (event.decision, event.custom_model_arn) == ("accepted", None)
    assert stored_json(folder, Keys.GATE)["custom_model_arn"] is None


def test_the_documentation_names_the_namespace_of_the_metrics() -> None:
    assert f"`{namespace(DeploymentSettings().name)}` by default" in PAGE
