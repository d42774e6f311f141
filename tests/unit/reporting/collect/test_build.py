"""Building the report from the artifacts of a run that succeeded, or that failed early."""

import json
import re

import pytest

from tests.unit.reporting.conftest import AT, FolderOf
from tests.unit.reporting.sample import EXECUTION, MODEL, RUN, artifacts
from tuner.core.artifact_keys import Keys
from tuner.core.errors import ArtifactError
from tuner.reporting import Failure, Report, build, notification_text, page, publish, published, step_failure

FAILURE = Failure(error="DatasetError", message="training.jsonl, line 3: not JSON.\nMend it.")


def test_the_report_has_everything_that_a_successful_run_wrote(report: Report) -> None:
    assert (report.run_id, report.dataset, report.status, report.failure) == (RUN, "bedrock-faq", "SUCCEEDED", None)
    assert (report.started_at, report.ended_at) == ("2026-11-23T07:00:00.123Z", "2026-11-23T08:50:00Z")
    assert report.execution_arn == EXECUTION
    assert report.verdict.value == "better"
    assert report.models.tuned
    assert report.models.tuned.arn == MODEL
    assert report.models.judge
    assert report.models.judge.name == "Claude Sonnet 4.6"
    assert report.scores["correctness"].tuned
    assert report.scores["correctness"].tuned.mean == pytest.approx(6.125)
    assert report.training
    assert report.training.best_epoch == 3
    assert report.settings
    assert report.settings.serving == "provisioned"
    assert report.stand_ins == ()


def test_questions_are_joined_by_id(folder_of: FolderOf) -> None:
    things = artifacts()
    name = Keys.answers("tuned", 0)
    things[name] = b"".join(reversed(things[name].splitlines(keepends=True)))
    questions = build(folder_of(things)).questions
    assert [question.id for question in questions] == [f"q{at:04d}" for at in range(8)]
    for question in questions[:5]:
        assert question.tuned
        assert question.reference
        assert question.reference.startswith(question.tuned.answer or "nothing")


def test_an_answer_that_failed_counts_as_the_worst(report: Report) -> None:
    failed = report.questions[7]
    assert failed.tuned
    assert failed.tuned.answer is None
    assert failed.tuned.error
    assert (failed.outcome, failed.gain) == ("loss", -1)


def test_an_answer_that_the_scoring_marks_as_failed_counts_as_the_worst(folder_of: FolderOf) -> None:
    things = artifacts()
    scores = json.loads(things[Keys.SCORES])
    scores["questions"][0]["tuned"] = {"failed": True, "correctness": None}
    things[Keys.SCORES] = json.dumps(scores).encode()
    assert build(folder_of(things)).questions[0].gain == -1


def test_gains_are_by_the_deciding_measure(report: Report) -> None:
    assert report.verdict.metric == "correctness"
    assert [question.gain for question in report.questions[:2]] == [5, 6]
    assert report.questions[5].outcome == "tie"


def test_questions_have_their_coverage_where_it_is_known(report: Report) -> None:
    first, second, _, fourth, *_ = report.questions
    assert first.coverage
    assert (first.coverage.subject, first.coverage.records) == (("agent",), 1)
    assert second.coverage
    assert second.coverage.records == 4
    assert fourth.coverage is None


def test_the_paid_window_runs_from_creation_to_release(report: Report) -> None:
    assert report.serving
    assert report.serving.paid_seconds == 23 * 60 + 30


def test_an_endpoint_that_is_not_released_is_paid_for_until_now(folder_of: FolderOf) -> None:
    things = artifacts()
    things[Keys.ENDPOINT] = things[Keys.ENDPOINT].replace(b'"2026-11-23T08:44:30Z"', b"null")
    serving = build(folder_of(things), at=AT).serving
    assert serving
    assert (serving.released_at, serving.paid_seconds) == (None, 29 * 60)


def test_a_deployment_has_no_paid_time(folder_of: FolderOf) -> None:
    things = artifacts()
    things[Keys.ENDPOINT] = things[Keys.ENDPOINT].replace(b'"provisioned"', b'"on_demand"', 1)
    serving = build(folder_of(things)).serving
    assert serving
    assert serving.paid_seconds is None


def test_the_timeline_is_in_order_and_has_the_paid_time(report: Report) -> None:
    moments = {moment.name: moment for moment in report.timeline}
    assert moments["Endpoint is paid for"].ended_at == "2026-11-23T08:44:30Z"
    assert moments["Training"].started_at == "2026-11-23T07:02:00Z"
    starts = [moment.started_at for moment in report.timeline]
    assert starts == sorted(starts)


def test_stand_ins_are_named(folder_of: FolderOf) -> None:
    things = artifacts()
    things[Keys.MANIFEST] = things[Keys.MANIFEST].replace(b"Nova Micro", b"Nova Micro (local stand-in: SmolLM2-135M)")
    things[Keys.SCORES] = things[Keys.SCORES].replace(
        b'"Claude Sonnet 4.6", "stand_in": false', b'"J", "stand_in": true'
    )
    report = build(folder_of(things))
    assert report.stand_ins == (
        "base model: Nova Micro (local stand-in: SmolLM2-135M)",
        "judge: J, a stand-in for us.anthropic.claude-sonnet-4-6",
    )
    assert report.models.tuned
    assert report.models.tuned.stand_in


def test_a_run_that_was_refused_in_its_first_step_has_a_report(folder_of: FolderOf) -> None:
    report = build(folder_of({}), FAILURE, execution_arn=EXECUTION, at=AT)
    assert (report.run_id, report.dataset, report.status, report.execution_arn) == (RUN, None, "FAILED", EXECUTION)
    assert report.failure == FAILURE
    assert report.verdict.sentence == "The run ended without a result: training.jsonl, line 3: not JSON."
    assert report.questions == ()


RELEASED, UNRELEASED = b'"2026-11-23T08:44:30Z"', b"null"


@pytest.mark.parametrize(
    ("endpoint", "warns"),
    [
        (None, False),
        (artifacts()[Keys.ENDPOINT], False),
        (artifacts()[Keys.ENDPOINT].replace(RELEASED, UNRELEASED), True),
        (artifacts()[Keys.ENDPOINT].replace(RELEASED, UNRELEASED).replace(b'"provisioned"', b'"on_demand"', 1), False),
        (b"{", True),
    ],
    ids=["nothing bought", "released", "not released", "paid by the token", "unreadable"],
)
def test_a_failure_warns_of_money_only_when_throughput_may_exist(
    folder_of: FolderOf, endpoint: bytes | None, *, warns: bool
) -> None:
    failure = step_failure("EvaluationError", "No answers.", "Bedrock says: Conflict.")
    report = build(folder_of({} if endpoint is None else {Keys.ENDPOINT: endpoint}), failure, at=AT)
    said = notification_text(report)
    assert ("may still cost money" in said) is warns
    assert ("may still cost money" in page(report)) is warns
    assert "No answers." in said


@pytest.mark.parametrize(
    ("serving", "error", "warns"),
    [("provisioned", "AwsError", True), ("on_demand", "AwsError", False), ("provisioned", "QuotaError", False)],
)
def test_a_failure_between_a_purchase_and_its_record_warns_of_money(
    folder_of: FolderOf, serving: str, error: str, *, warns: bool
) -> None:
    found = {name: artifacts()[name] for name in (Keys.MANIFEST, Keys.TRAINING_SUMMARY)}
    manifest = json.loads(found[Keys.MANIFEST])
    manifest["settings"]["serving"] = serving
    found[Keys.MANIFEST] = json.dumps(manifest).encode()
    failure = step_failure(error, "S3 does not answer.", "Bedrock does not answer either.")
    report = build(folder_of(found), failure, at=AT)
    assert ("may still cost money" in notification_text(report)) is warns


def test_a_run_that_serves_nothing_has_no_verdict(folder_of: FolderOf) -> None:
    kept = (Keys.MANIFEST, Keys.DATASET_SUMMARY, Keys.TRAINING_SUMMARY)
    report = build(folder_of({name: data for name, data in artifacts().items() if name in kept}))
    assert report.status == "SUCCEEDED"
    assert report.verdict.value is None
    assert "it is not known whether it is better" in report.verdict.sentence


def test_an_artifact_of_another_form_is_named_in_the_error(folder_of: FolderOf) -> None:
    with pytest.raises(ArtifactError, match=r"training/summary.json: epochs.0.epoch: .*documented form"):
        build(folder_of({Keys.TRAINING_SUMMARY: json.dumps({"epochs": [{"epoch": "first"}]}).encode()}))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (Keys.MANIFEST, b"{"),
        (Keys.DATASET_SUMMARY, b"[1]"),
        (Keys.TRAINING_SUMMARY, b'{"epochs": 3}'),
        (Keys.SCORES, b"no"),
        (Keys.SCORES, b'{"metrics": {"bleu": 3}}'),
        (Keys.EVALUATION, b'{"question": "without an id"}\n'),
        (Keys.answers("base", 0), b"[]\n"),
        (Keys.answers("tuned", 0), b"cut off"),
    ],
)
def test_the_report_of_a_failed_run_is_written_when_an_artifact_is_broken(
    folder_of: FolderOf, name: str, data: bytes
) -> None:
    folder = folder_of(artifacts() | {name: data})
    with pytest.raises(ArtifactError, match=re.escape(name.partition("/")[0])):
        build(folder)
    report = build(folder, FAILURE)
    assert report.failure == FAILURE
    assert len(report.unreadable) == 1
    assert "documented form" in report.unreadable[0]


def test_what_is_published_can_be_read_again(folder_of: FolderOf, report: Report) -> None:
    folder = folder_of({})
    assert published(folder) is None
    assert publish(folder, report) == f"s3://artifacts/runs/{RUN}/report/index.html"
    assert published(folder) == report


def test_the_report_has_what_each_contestant_used(folder_of: FolderOf) -> None:
    things = artifacts()
    manifest = json.loads(things[Keys.MANIFEST])
    kinds = ("base", "tuned", "few_shot", "retrieval")
    manifest["contestants"] = [{"name": kind, "kind": kind} for kind in kinds]
    things[Keys.MANIFEST] = json.dumps(manifest).encode()
    things[Keys.ESTIMATE] = json.dumps(
        json.loads(things[Keys.ESTIMATE]) | {"rates": [{"item": "input", "usd": 1e-6}, {"item": "output", "usd": 2e-6}]}
    ).encode()
    things[Keys.answers("few_shot", 0)] = things[Keys.answers("base", 0)].replace(b": 31,", b": 931,")
    base, tuned, few_shot = build(folder_of(things)).contestants
    assert [each.name for each in (base, tuned, few_shot)] == ["base", "tuned", "few_shot"], "retrieval was not asked"
    assert (base.answers, tuned.answers, tuned.failed) == (8, 7, 1)
    # A millionth of a dollar for each of 931 tokens, two for each of 42; the sample's throughput has no price.
    assert few_shot.usd_per_1000_answers == pytest.approx(0.931 + 0.084)
    assert base.usd_per_1000_answers == pytest.approx(0.031 + 0.084)
    assert (tuned.idle_usd_per_month, tuned.unknown) == (None, ("storage", "throughput hourly"))


def test_another_model_is_paid_at_the_prices_of_its_estimate(folder_of: FolderOf) -> None:
    things = artifacts()
    manifest, estimate = json.loads(things[Keys.MANIFEST]), json.loads(things[Keys.ESTIMATE])
    larger = {"name": "larger", "kind": "model", "model": "amazon.nova-pro-v1:0", "model_name": "Nova Pro"}
    manifest["contestants"] = [{"name": "base", "kind": "base"}, {"name": "tuned", "kind": "tuned"}, larger]
    estimate["items"] += [
        {"id": item, "name": item, "contestant": "larger", "quantity": 1, "unit_price_usd": usd, "usd": usd}
        for item, usd in (("compared_input", 1e-6), ("compared_output", 1e-5))
    ]
    things[Keys.MANIFEST], things[Keys.ESTIMATE] = json.dumps(manifest).encode(), json.dumps(estimate).encode()
    things[Keys.answers("larger", 0)] = things[Keys.answers("base", 0)]
    found = build(folder_of(things)).contestants[2]
    # 31 tokens to read and 42 to write.
    assert found.usd_per_1000_answers == pytest.approx(0.031 + 0.42)
    assert found.model == "Nova Pro"
