"""Looking at the scores of a run that may stop early: what decides, what is asked next, and what the scores are."""

import pytest

from lambdas.score_answers import handler
from tests.doubles import write_lines
from tests.lambda_context import CONTEXT
from tests.unit.evaluation.conftest import ENCODER, RUN, prepare
from tuner.artifacts.dataset import DatasetSummary
from tuner.artifacts.evaluation.answers import EarlyStop
from tuner.artifacts.evaluation.contestants import MAIN
from tuner.artifacts.evaluation.scores import Scores
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.evaluation.gate.interim_analysis import is_decided, look
from tuner.evaluation.score_run import score_run, score_shard
from tuner.evaluation.statistics.early_stopping import Looks
from tuner.reporting.collect.questions import run_questions
from tuner.settings import DeploymentSettings, GateRule, RunSettings

SIZE = 5
BATCHES = [(0, 1, 2, 3), (4,), (5,), (6,), (7,)]
EARLY = {"metrics": ["exact_match", "rouge"], "stop_early": True}


def run(folder: RunFolder, right: str, asked: int = 20, gate: dict | None = None, samples: int = 1) -> None:
    """A run of 40 questions, whose tuned model was `asked` some, and is right, wrong or equal (to a wrong base)."""
    often = {"evaluation": {**EARLY, "samples": samples}, "inference": {"temperature": 0.5}}
    prepare(folder, 40, {**often, "gate": gate or {}})
    folder.save(DatasetSummary(training_records=1, validation_records=1, evaluation_records=40))
    questions = [{"id": f"q{i}", "question": f"What is {i}?", "reference": f"It is {i}."} for i in range(40)]
    write_lines(folder, Keys.EVALUATION, questions)
    # The base model is right in one of four questions.
    base = [{"id": f"q{i}", "answer": f"It is {i}." if i % 4 == 0 else "No."} for i in range(40)]
    known = {"right": lambda i: i % 8 != 1, "wrong": lambda i: i == 3, "equal": lambda i: i % 4 == 1}[right]
    tuned = [{"id": f"q{i}", "answer": f"It is {i}." if known(i) else "No."} for i in range(asked)]
    for shard in range(8):
        for name, given in (("base", base), ("tuned", tuned)):
            answers = given[shard * SIZE : (shard + 1) * SIZE]
            numbered = [answer | {"sample": number} for answer in answers for number in range(samples)]
            write_lines(folder, Keys.answers(name, shard), numbered if samples > 1 else answers)


@pytest.mark.slow
def test_a_clear_difference_ends_the_answering_and_the_scores_are_of_what_was_asked(folder: RunFolder) -> None:
    run(folder, "right")
    assert look(folder, SIZE, ENCODER, BATCHES[0]) == ()
    stopping = folder.load(EarlyStop).stopping
    assert (stopping.asked, stopping.questions, stopping.looks, stopping.decided) == (20, 40, 1, True)
    assert [score_shard(folder, shard, SIZE, ENCODER) for shard in (0, 3, 4, 7)] == [5, 5, 0, 0]
    assert score_run(folder, SIZE, ENCODER) == 20
    scores = folder.load(Scores)
    assert scores.stopping == stopping
    assert scores.verdict.value == "better"
    assert scores.verdict.notes[0] == stopping.sentence
    assert not [warning for warning in scores.warnings if "left out" in warning]
    assert scores.metrics["exact_match"].tuned.failed == 0
    assert len(run_questions(folder, MAIN, scores, "exact_match")) == 20


@pytest.mark.slow
def test_questions_are_counted_and_not_their_answers(folder: RunFolder) -> None:
    run(folder, "right", samples=3)
    assert look(folder, SIZE, ENCODER, BATCHES[0]) == ()
    stopping = folder.load(EarlyStop).stopping
    assert (stopping.asked, stopping.questions, stopping.units, stopping.decided) == (20, 40, 40, True)
    assert score_run(folder, SIZE, ENCODER) == 20
    scores = folder.load(Scores)
    assert (scores.samples, scores.metrics["exact_match"].comparison.n) == (3, 20)
    assert scores.metrics["exact_match"].tuned.failed == 0


@pytest.mark.slow
def test_an_unclear_difference_asks_the_next_batch_and_the_last_one_is_not_graded(folder: RunFolder) -> None:
    run(folder, "equal", asked=40)
    seen = [BATCHES[0]]
    while following := look(folder, SIZE, ENCODER, seen[-1]):
        seen.append(following)
    assert seen == BATCHES
    assert folder.list("scores/shards/") == [*(f"scores/shards/{shard:05d}.json" for shard in range(7)), Keys.LOOKS]
    assert score_run(folder, SIZE, ENCODER) == 40
    scores = folder.load(Scores)
    assert scores.stopping is not None
    assert (scores.stopping.asked, scores.stopping.decided, scores.stopping.looks) == (40, False, 4)
    assert "all 40 questions were asked" in scores.verdict.notes[0]


@pytest.mark.slow
def test_a_repeated_interim_analysis_decides_the_same(folder: RunFolder) -> None:
    run(folder, "equal")
    first = look(folder, SIZE, ENCODER, BATCHES[0])
    record = folder.load(EarlyStop)
    assert first == (4,)
    assert look(folder, SIZE, ENCODER, BATCHES[0]) == first
    assert folder.load(EarlyStop) == record


@pytest.mark.slow
def test_scores_that_were_never_looked_at_are_the_usual_ones(folder: RunFolder) -> None:
    run(folder, "right", asked=40)
    score_run(folder, SIZE, ENCODER)
    assert folder.load(Scores).stopping is None
    assert "evaluation.stop_early had no effect" in folder.load(Scores).warnings[-1]
    assert folder.load(Scores).metrics["exact_match"].comparison.n == 40


RULES = {
    "better": ({"better_than": "base"}, True),
    "worse by a margin": ({"not_worse_by": {"than": "base", "margin": 0.1}}, True),
    "not worse": ({"not_worse_than": "base"}, True),
    "high bound": ({"at_least": 0.3}, True),
    "near bound": ({"at_least": 0.8}, False),
    "broken bound": ({"at_most": 0.3}, True),
    "best run": ({"better_than": "best"}, False),
    "every slice": ({"better_than": "base", "each": "topic"}, False),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
@pytest.mark.thorough
def test_a_rule_is_decided_only_if_more_questions_cannot_be_expected_to_change_it(folder: RunFolder, name: str) -> None:
    run(folder, "right")
    rule, decided = RULES[name]
    look(folder, SIZE, ENCODER, BATCHES[0])
    score_run(folder, SIZE, ENCODER)
    gate = {"exact_match": GateRule.model_validate(rule)}
    assert is_decided(folder.load(Scores), gate, Looks(40, complete=False)) is decided


@pytest.mark.slow
def test_one_broken_rule_decides_and_one_open_rule_does_not(folder: RunFolder) -> None:
    run(folder, "wrong")
    look(folder, SIZE, ENCODER, BATCHES[0])
    score_run(folder, SIZE, ENCODER)
    scores, looks = folder.load(Scores), Looks(40, complete=False)
    gate = RunSettings.model_validate({"gate": {"exact_match": {"at_least": 0.4}, "rouge_l": {"at_most": 0.99}}}).gate
    assert is_decided(scores, gate, looks), "the first rule is broken, whatever the second one comes to"
    open_rules = {"rouge_l": gate["rouge_l"], "exact_match": GateRule(better_than="best")}
    assert not is_decided(scores, open_rules, looks)


@pytest.mark.slow
def test_the_function_returns_the_next_batch(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    run(folder, "equal")
    monkeypatch.setenv("DEPLOYMENT", DeploymentSettings().model_dump_json())
    monkeypatch.setenv("DATA_BUCKET", "data")
    monkeypatch.setenv("ARTIFACTS_BUCKET", "artifacts")
    monkeypatch.setattr("tuner.aws.s3.run_folder.client", lambda service: folder._s3)
    event = {"run_id": RUN, "shard_size": SIZE, "batch": [0, 1, 2, 3]}
    assert handler(event, CONTEXT) == {"batch": [4]}
