"""Scoring a run: its folder in S3 is graded by shards, also after a failure, and summed up in scores.json."""

import csv
import io
import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lambdas.score_answers import handler
from tests.doubles import stored_json, write_lines
from tests.lambda_context import CONTEXT
from tests.unit.evaluation.conftest import ENCODER, JUDGED, RUN, FakeBedrock, prepare
from tuner.artifacts.dataset import DatasetSummary
from tuner.artifacts.evaluation.contestants import MAIN
from tuner.artifacts.evaluation.graded_shard import GradedShard
from tuner.artifacts.evaluation.people import PEOPLE
from tuner.artifacts.evaluation.scores import Scores
from tuner.artifacts.task import TaskDescription
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AccessDeniedError, EvaluationError
from tuner.evaluation.earlier_runs import NONE_EARLIER
from tuner.evaluation.grading import shards
from tuner.evaluation.grading.definition import PACKAGE, definition_of
from tuner.evaluation.grading.shards import Shards
from tuner.evaluation.judging.scoring_function import ScoringFunction
from tuner.evaluation.review.spreadsheet import answer_order
from tuner.evaluation.score_run import REVIEW, merge_review, score_run, score_shard
from tuner.intake.contestants import contestants
from tuner.settings import DeploymentSettings


@pytest.mark.slow
def test_scores_json_has_measures_judge_and_questions(folder: RunFolder, bedrock: FakeBedrock) -> None:
    prepare(folder, settings={"evaluation": {"metrics": ["correctness", "bertscore"]}})
    assert score_run(folder, 25, ENCODER) == 7
    scores = stored_json(folder, Keys.SCORES)
    assert scores["schema_version"] == 1
    assert {"correctness", "bertscore_f1", "bertscore_precision", "bertscore_recall"} <= set(scores["metrics"])
    assert scores["metrics"]["bertscore_f1"]["tuned"]["mean"] > scores["metrics"]["bertscore_f1"]["base"]["mean"]
    assert scores["verdict"]["value"] == "better"
    assert scores["judge"]["name"] == "local stand-in: graded by length"
    assert (scores["judge"]["stand_in"], scores["judge"]["asked"], scores["judge"]["missing"]) == (True, 14, 0)
    assert scores["bertscore"]["model"] == ENCODER.name
    first = scores["questions"][0]
    assert first["id"] == "q0"
    assert first["outcome"] == "win"
    assert first["tuned"]["reasoning"] == "Graded by its length."
    assert 0 < first["base"]["bertscore_f1"] < 1


@pytest.mark.slow
def test_shards_that_are_graded_separately_give_the_same_scores(folder: RunFolder, bedrock: FakeBedrock) -> None:
    prepare(folder, settings={"evaluation": {"metrics": ["correctness", "rouge", "style"]}})
    score_run(folder, 25, ENCODER)
    whole = stored_json(folder, Keys.SCORES)
    assert [score_shard(folder, shard, 3, ENCODER) for shard in (2, 0, 1, 3)] == [1, 3, 3, 0]
    asked = bedrock.calls
    score_run(folder, 3, ENCODER)
    assert bedrock.calls == asked, "a graded shard is not graded again"
    assert stored_json(folder, Keys.SCORES) == whole


@pytest.mark.slow
def test_a_repeat_after_a_failure_pays_only_for_what_is_left(folder: RunFolder, bedrock: FakeBedrock) -> None:
    prepare(folder, settings=JUDGED)
    bedrock.fails_at = 10
    with pytest.raises(AccessDeniedError):
        score_run(folder, 25, ENCODER)
    paid = len(stored_json(folder, "scores/verdicts/00000.json"))
    before = bedrock.calls
    score_run(folder, 25, ENCODER)
    assert paid >= 1
    assert bedrock.calls - before == 14 - paid


@pytest.mark.slow
def test_changed_answers_are_graded_again(folder: RunFolder, bedrock: FakeBedrock) -> None:
    prepare(folder, settings=JUDGED)
    score_run(folder, 25, ENCODER)
    write_lines(folder, Keys.answers("base", 1), [{"id": f"q{i}", "answer": None, "error": "gone"} for i in (4, 5, 6)])
    score_run(folder, 25, ENCODER)
    scores = stored_json(folder, Keys.SCORES)
    assert scores["metrics"]["correctness"]["base"]["failed"] == 3
    assert bedrock.calls == 14, "known judgments are reused"


@pytest.mark.slow
def test_grades_of_another_definition_are_made_again(
    folder: RunFolder, bedrock: FakeBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(folder, settings=JUDGED)
    score_run(folder, 3, ENCODER)
    asked, before = bedrock.calls, folder.find(GradedShard.name(0))
    monkeypatch.setattr(shards, "grading_definition", lambda: "words of another version")
    score_run(folder, 3, ENCODER)
    after = folder.find(GradedShard.name(0))
    assert before and after and json.loads(before)["fingerprint"] != json.loads(after)["fingerprint"]
    assert bedrock.calls == asked, "the judge's grades are cached"


@pytest.mark.parametrize("name", ["tokens.py", "metrics/rouge.py", "judging/rubric.md"])
def test_the_definition_of_grades_covers_the_code_the_prompts_and_the_libraries(tmp_path: Path, name: str) -> None:
    package = tmp_path / "evaluation"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    before = definition_of(package, ["regex 1"])
    assert before == definition_of(package, ["regex 1"]) != definition_of(package, ["regex 2"])
    assert (package / name).is_file()
    (package / name).write_text("another definition")
    assert definition_of(package, ["regex 1"]) != before


@pytest.mark.slow
def test_a_run_without_answers_is_undecided(folder: RunFolder, bedrock: FakeBedrock) -> None:
    prepare(folder, settings=JUDGED)
    for shard in (0, 1):
        write_lines(folder, Keys.answers("base", shard), [])
    write_lines(folder, Keys.answers("tuned", 0), [])
    score_run(folder, 25, ENCODER)
    assert stored_json(folder, Keys.SCORES)["verdict"]["value"] == "undecided"
    write_lines(folder, Keys.EVALUATION, [])
    with pytest.raises(EvaluationError, match="no question with a reference"):
        score_run(folder, 25, ENCODER)


@pytest.mark.slow
def test_the_function_scores_the_run_in_its_event(
    folder: RunFolder, bedrock: FakeBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(folder, settings=JUDGED)
    monkeypatch.setenv("DEPLOYMENT", DeploymentSettings(shard_size=3).model_dump_json())
    monkeypatch.setenv("DATA_BUCKET", "data")
    monkeypatch.setenv("ARTIFACTS_BUCKET", "artifacts")
    monkeypatch.setattr("tuner.aws.s3.run_folder.client", lambda service: folder._s3)
    assert handler({"run_id": RUN, "shard": 1, "shard_size": 3}, CONTEXT) == {"scored": 3}
    # Without the size, as an execution of the previous release asks.
    assert handler({"run_id": RUN}, CONTEXT) == {"scored": 7}
    assert json.loads(folder.read(Keys.SCORES))["metrics"]["correctness"]["tuned"]["n"] == 7


@pytest.mark.slow
def test_a_filled_in_review_changes_the_scores(folder: RunFolder, bedrock: FakeBedrock) -> None:
    prepare(folder, settings={"evaluation": {"metrics": ["correctness", "rouge"]}})
    write_lines(
        folder,
        Keys.answers("tuned", 0),
        [{"id": f"q{i}", "answer": f"It is the number {i}, says Contoso."} for i in range(7)],
    )
    score_run(folder, 25, ENCODER)
    rows = list(csv.reader(io.StringIO(folder.read(REVIEW).decode("utf-8-sig"))))
    assert len(rows) == 8
    assert "Contoso" in rows[1][1]
    for row in rows[1:]:
        row[6:8] = ["1" if name == "tuned" else "5" for name in answer_order(row[0])]
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(rows)
    scores = merge_review(folder, text.getvalue())
    assert scores == folder.load(Scores)
    assert scores.people is not None
    assert scores.people.answers == 14
    assert scores.metrics["correctness"].decisive.tuned.mean == 1
    assert scores.verdict.value == "worse"
    score_run(folder, 25, ENCODER)  # as a retry of the step does
    assert folder.load(Scores) == scores
    assert [(each.id, "; ".join(each.reasons)) for each in scores.review] == [(row[0], row[1]) for row in rows[1:]]


@pytest.mark.slow
def test_the_best_earlier_run_is_graded_as_another_contestant_or_said_to_be_absent(folder: RunFolder) -> None:
    prepare(folder, settings={"compare_with": ["best"], "evaluation": {"metrics": ["exact_match"]}})
    manifest = folder.manifest()
    folder.save(manifest.model_copy(update={"contestants": contestants(manifest.settings, has_documents=False)}))
    score_run(folder, 4, ENCODER)
    alone = folder.load(Scores)
    assert NONE_EARLIER in alone.warnings
    assert set(alone.questions[0].by_contestant) == {"base", "tuned"}
    write_lines(
        folder, Keys.answers("best", 0), [{"id": f"q{i}", "answer": f"It is the number {i}."} for i in range(7)]
    )
    score_run(folder, 4, ENCODER)
    compared = folder.load(Scores)
    assert compared.metrics["exact_match"].by_contestant["best"].mean == 1
    assert set(compared.metrics["exact_match"].compared) == {"base", "best"}


@pytest.mark.slow
def test_scores_of_missing_answers_alone_are_refused(folder: RunFolder, bedrock: FakeBedrock) -> None:
    prepare(folder, settings=JUDGED)
    given = {number: {"id": f"q{number}", "answer": f"No. {number}"} for number in range(7)}
    given[0] = {"id": "q0", "error": "ThrottledError: slow"}
    write_lines(folder, Keys.answers("base", 0), [given[number] for number in range(4)])
    write_lines(folder, Keys.answers("tuned", 0), list(given.values()))
    score_run(folder, 25, ENCODER)
    before = folder.read(Keys.SCORES)
    with pytest.raises(EvaluationError, match="gave no answer to the questions that were scored"):
        merge_review(folder, "id,score_1,score_2\nq0,2,9\n")
    assert folder.read(Keys.SCORES) == before
    assert folder.find(PEOPLE) is None


@pytest.mark.slow
def test_a_review_with_a_mistake_changes_nothing(folder: RunFolder, bedrock: FakeBedrock) -> None:
    prepare(folder, settings=JUDGED)
    score_run(folder, 25, ENCODER)
    before = folder.read(Keys.SCORES)
    with pytest.raises(EvaluationError, match="line 2"):
        merge_review(folder, "id,score_1,score_2\nq0,11,\n")
    assert folder.read(Keys.SCORES) == before


@pytest.mark.slow
def test_a_shard_reads_its_own_answers_only(
    folder: RunFolder, bedrock: FakeBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(folder, questions=6, settings=JUDGED)
    for model in MAIN:
        every = folder.answers(model)
        for shard in (0, 1):
            ids = {f"q{i}" for i in range(3 * shard, 3 * shard + 3)}
            folder.save_records(Keys.answers(model, shard), [record for record in every if record.id in ids])
    monkeypatch.setattr(Shards, "_all_answers", lambda *_: pytest.fail("read all answers"))
    assert score_shard(folder, 1, 3, ENCODER) == 3
    assert bedrock.calls == 6


@pytest.mark.slow
def test_a_runs_answers_are_scored_by_the_deployments_scorer(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, float, list[str]]] = []

    def by_length(function: str, payload: Any, seconds: float) -> Any:
        calls.append((function, seconds, [entry["messages"][0]["role"] for entry in payload]))
        return [
            {"id": entry["id"], "aggregate_reward_score": len(entry["messages"][-1]["content"])} for entry in payload
        ]

    monkeypatch.setattr(shards, "ScoringFunction", partial(ScoringFunction, call=by_length))
    settings = {
        "task": "answer",
        "scorer": {"name": "length", "range": [0, 100], "seconds": 9},
        "evaluation": {"metrics": ["rouge"], "decides": "scorer"},
    }
    prepare(folder, settings=settings, scorer_function="arn:aws:lambda:us-east-1:111122223333:function:length")
    assert score_run(folder, 3, ENCODER) == 7
    scores = stored_json(folder, Keys.SCORES)
    assert {function for function, _, _ in calls} == {"arn:aws:lambda:us-east-1:111122223333:function:length"}
    assert {seconds for _, seconds, _ in calls} == {9}
    assert len(calls) == 6  # three shards, two models
    assert (scores["verdict"]["metric"], scores["decides"]) == ("scorer", "scorer")
    assert scores["scorer"] == {"name": "length", "range": [0, 100], "asked": 14, "missing": 0}
    assert scores["metrics"]["scorer"]["range"] == [0, 100]
    score_run(folder, 3, ENCODER)
    assert len(calls) == 6  # the shards are graded


@pytest.mark.slow
def test_the_task_of_the_dataset_decides_the_metrics_and_the_labels(folder: RunFolder) -> None:
    prepare(folder)
    labels = {"It is the number 0.": 9, "No. 3": 9}
    task = TaskDescription(name="classification", labels=labels, sentence="They are labels.")
    folder.save(DatasetSummary(training_records=18, validation_records=0, task=task))
    score_run(folder, 3, ENCODER)
    scores = stored_json(folder, Keys.SCORES)
    assert set(scores["metrics"]) == {"accuracy", "macro_f1", "outside_labels"}
    assert scores["task"]["sentence"] == "They are labels."
    # The references of all shards are labels, and so is the label that no reference has.
    assert len(scores["task"]["labels"]) == 8
    assert scores["classification"]["base"]["answers"] == 6
    in_shards = scores
    score_run(folder, 25, ENCODER)
    assert stored_json(folder, Keys.SCORES) == in_shards


@pytest.mark.slow
def test_questions_of_one_document_count_as_one(folder: RunFolder) -> None:
    prepare(folder, 14, {"evaluation": {"metrics": ["rouge"]}})
    questions = list(folder.read_lines(Keys.EVALUATION))
    origins = [{"origin": {"document": f"doc {number // 2}"}} for number in range(14)]
    write_lines(folder, Keys.EVALUATION, [line | each for line, each in zip(questions, origins, strict=True)])
    score_run(folder, 25, ENCODER)
    scores = folder.load(Scores)
    assert scores.groups is not None
    assert (scores.groups.by, scores.groups.groups) == ("document", 7)
    assert "14 questions from 7 documents" in scores.verdict.sentence
    merged = merge_review(folder, "id,score_1,score_2\nq0,1,10\n")
    assert merged.groups == scores.groups
    assert "from 7 documents" in merged.verdict.sentence
