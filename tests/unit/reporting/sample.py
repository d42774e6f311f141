"""Small artifacts of a run in the form in which the steps write them. The answers are invented."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from tuner.artifacts.evaluation.answers import Answer
from tuner.artifacts.evaluation.gate import Gate, GateVerdict
from tuner.artifacts.evaluation.metric_details import MetricFacts
from tuner.artifacts.evaluation.question_scores import AnswerScores, QuestionScores
from tuner.artifacts.evaluation.scores import PreviousBest, ReviewCandidate, Scores
from tuner.artifacts.guard import GuardScores
from tuner.aws.s3.guard_questions import guard_records
from tuner.core.artifact_keys import Keys
from tuner.evaluation.gate.rules import GateComparisons, decide_gate
from tuner.evaluation.grading.grades import Graded
from tuner.evaluation.guard.scores import guard_scores
from tuner.evaluation.run_comparison import compare_runs
from tuner.evaluation.scores import summarize
from tuner.settings.run.evaluation import EvaluationSettings
from tuner.settings.run.gate import GateRule

RUN = "bedrock-faq-0123456789ab"
EARLIER = "bedrock-faq-ba9876543210"
EXECUTION = f"arn:aws:states:us-east-1:111122223333:execution:tuner-customization:{RUN}"
MODEL = "arn:aws:bedrock:us-east-1:111122223333:custom-model/amazon.nova-micro-v1:0:128k/abcdefghijkl"
_EXAMPLE = Path(__file__).parents[3] / "examples/bedrock-faq/evaluation.json"
_BASE = "A custom-built, high-end, and luxurious bed that is made to order for guests of a hotel."


def artifacts(questions: int = 8) -> dict[str, bytes]:
    """Name in the run's folder -> bytes, of a run that succeeded."""
    return dict(_artifacts(questions))


@cache
def _artifacts(questions: int) -> dict[str, bytes]:
    records = [_question(at) for at in range(questions)]
    scores = _scores(records)
    documents: dict[str, Any] = {
        Keys.MANIFEST: _manifest(),
        Keys.DATASET_SUMMARY: _dataset(records),
        Keys.FINDINGS: _findings(),
        Keys.ESTIMATE: _estimate(),
        Keys.TRAINING_SUMMARY: _training(),
        Keys.ENDPOINT: _endpoint(),
        Keys.SCORES: scores.to_document(),
        Keys.GATE: _gate(scores).to_document(),
    }
    lines: dict[str, Any] = {
        Keys.EVALUATION: records,
        Keys.answers("base", 0): [_answer(record, _BASE) for record in records],
        Keys.answers("tuned", 0): [_answer(record, _tuned(at, record)) for at, record in enumerate(records)],
    }
    return {name: json.dumps(document, ensure_ascii=False).encode() for name, document in documents.items()} | {
        name: "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries).encode()
        for name, entries in lines.items()
    }


def _question(at: int) -> dict[str, Any]:
    examples = json.loads(_EXAMPLE.read_text("utf-8"))
    example = examples[at % len(examples)]
    return {"id": f"q{at:04d}", "question": example["question"], "reference": example["answer"]}


def _tuned(at: int, record: dict[str, Any]) -> str | None:
    """The reference's first sentence for most, the base's for some, and one that got no answer."""
    return None if at % 8 == 7 else _BASE if at % 8 == 5 else record["reference"].partition(".")[0] + "."


def _answer(record: dict[str, Any], text: str | None) -> dict[str, Any]:
    error = None if text is not None else "ModelTimeoutException: the model took too long"
    return {"id": record["id"], "answer": text, "error": error, "stop_reason": "end_turn" if text else None,
            "input_tokens": 31, "output_tokens": 42, "latency_ms": 812}  # fmt: skip


def _scores(records: list[dict[str, Any]]) -> Scores:
    graded = tuple(
        QuestionScores.model_validate(
            {
                "id": record["id"],
                "base": _values(2, 0.51 + at % 5 / 100),
                "tuned": _tuned_values(at, record),
                "reference": {"style_words": 31.0, "style_list": 0.0},
                "fields": {"topic": "billing" if at % 3 else "returns & refunds"},
            }
        )
        for at, record in enumerate(records)
    )
    about = {
        "correctness": MetricFacts(model="us.anthropic.claude-sonnet-4-6", name="Claude Sonnet 4.6"),
        "bertscore": MetricFacts(model="roberta-large", layer=17),
    }
    counts = {"correctness": {"asked": 2 * len(records), "missing": 0, "stand_in": 0}, "bertscore": {"truncated": 0}}
    review = (ReviewCandidate(id=records[1]["id"], reasons=("the judge was unsure",)),)
    scores = summarize(Graded(graded, about, counts, slices=("topic",)))
    return scores.model_copy(update={"review": review, "earlier": _previous_best(graded, about, counts, scores)})


def _previous_best(graded: tuple[QuestionScores, ...], about: Any, counts: Any, scores: Scores) -> PreviousBest:
    """A run whose tuned model was half-way between."""
    half = tuple(
        record.model_copy(
            update={
                "by_contestant": {
                    "base": record.base,
                    "tuned": AnswerScores.model_validate(_values(4 + at % 2, 0.6 + at % 5 / 100)),
                }
            }
        )
        for at, record in enumerate(graded)
    )
    found = compare_runs(summarize(Graded(half, about, counts)), scores, (EARLIER, RUN))
    return PreviousBest(run_id=EARLIER, ended_at="2026-11-22T08:50:00Z", metrics=found.metrics)


def _gate(scores: Scores) -> Gate:
    rules = {"correctness": GateRule(at_least=6, better_than="base")}
    result = decide_gate(rules, GateComparisons(scores.metrics))
    assert result is not None
    verdict = scores.verdict
    return Gate(
        id=f"{RUN}-0123456789ab",
        run_id=RUN,
        dataset="bedrock-faq",
        base_model="amazon.nova-micro-v1:0:128k",
        custom_model_arn=MODEL,
        decision=result.decision,
        sentence=result.sentence,
        rules=result.rules,
        verdict=GateVerdict(value=verdict.value or "undecided", metric=verdict.metric, sentence=verdict.sentence),
        people=False,
        report=f"s3://artifacts/runs/{RUN}/report/index.html",
        scores=f"s3://artifacts/runs/{RUN}/scores/scores.json",
        scores_sha256="0" * 64,
        announced=True,
    )


def _tuned_values(at: int, record: dict[str, Any]) -> dict[str, Any]:
    if _tuned(at, record) is None:
        return {
            "failed": True,
            "correctness": None,
            "bertscore_f1": None,
            "bertscore_precision": None,
            "bertscore_recall": None,
        }
    return _values(2 if at % 8 == 5 else 7 + at % 3, 0.7 + at % 7 / 100)


def _values(correctness: int, f1: float) -> dict[str, Any]:
    return {
        "correctness": correctness,
        "reasoning": "It names the service.",
        "bertscore_f1": f1,
        "bertscore_precision": f1 - 0.02,
        "bertscore_recall": f1 + 0.02,
        "style_words": 12.0 + correctness,
        "style_list": 0.0,
    }


def _manifest() -> dict[str, Any]:
    return {
        "schema_version": 1, "run_id": RUN, "dataset": "bedrock-faq", "execution_arn": EXECUTION,
        "started_at": "2026-11-23T07:00:00.123Z", "data_bucket": "data",
        "inputs": [{"role": "training", "key": "incoming/bedrock-faq/training.jsonl", "version_id": "v1",
                    "size": 18_211, "sha256": "a" * 64}],
        "settings": {"serving": "provisioned", "system_prompt": "You answer questions about Amazon Bedrock."},
        "base_model": "amazon.nova-micro-v1:0:128k", "base_endpoint": "amazon.nova-micro-v1:0",
        "base_model_name": "Nova Micro", "judge_model": "us.anthropic.claude-sonnet-4-6",
        "hyperparameters": {"epochCount": "5", "learningRate": "0.00001", "learningRateWarmupSteps": "10"},
        "resource_name": f"tuner-{RUN}", "versions": {"bedrock-tuner": "0.1.0", "bert-score": "0.3.13"},
    }  # fmt: skip


def _dataset(records: list[dict[str, Any]]) -> dict[str, Any]:
    tokens = {"smallest": 4, "p5": 6.0, "median": 11, "p95": 20.0, "largest": 31}
    file = {
        "records": 88,
        "prompt_tokens": tokens,
        "completion_tokens": tokens,
        "answers_with_lists": 0.125,
        "openings": [{"words": "amazon bedrock is", "records": 9}],
        "languages": {"en": 88},
    }
    coverage = [
        {"question": record["question"][:200], "subject": ["agent"], "records": 1 + 3 * at, "mentions": 2 + 4 * at}
        for at, record in enumerate(records[:3])
    ]
    advice = "training.jsonl, line 12: repeats training.jsonl, line 3. Keep one of the two."
    return {
        "training_records": 88, "validation_records": 32, "evaluation_records": len(records), "training_tokens": 9210,
        "validation_tokens": 3301, "tokens_are": "estimated at 6 characters each", "validation_from": "file",
        "evaluation_from": "file", "files": [],
        "verdict": {"state": "ready with warnings", "sentence": "Ready with warnings: 1 warning.",
                    "fix_first": [advice]},
        "study": {"training": file, "evaluation": file, "coverage": coverage},
    }  # fmt: skip


def _findings() -> dict[str, Any]:
    finding = {"severity": "warning", "file": "training.jsonl", "line": 12, "field": None, "rule": "repeated",
               "message": "The same record as in line 3.", "remedy": "Remove one of them."}  # fmt: skip
    return {"errors": 0, "warnings": 1, "findings": [finding], "counts": {"repeated": 1}}


def _estimate() -> dict[str, Any]:
    items = [
        {"name": "Training", "quantity": 46_050, "unit": "tokens", "unit_price_usd": 0.000001, "usd": 0.04605,
         "source": "Amazon Bedrock pricing, 2026-10"},
        {"name": "Provisioned throughput", "quantity": 1, "unit": "model unit hours", "unit_price_usd": 108.15,
         "usd": 108.15, "source": "Amazon Bedrock pricing, 2026-10"},
        {"name": "Judge", "quantity": 16, "unit": "answers", "unit_price_usd": None, "usd": None, "source": None},
    ]  # fmt: skip
    return {"items": items, "total_usd": 108.19605, "unknown": ["Judge"], "budget_usd": 500}


def _training() -> dict[str, Any]:
    losses = [(2.54, 3.25), (1.90, 2.76), (1.39, 2.68), (0.98, 2.75), (0.88, 3.07)]
    steps = [
        {"step": at, "epoch": at // 11 + 1, "training_loss": round(2.8 * 0.975**at + 0.15 * (-1) ** at, 4)}
        for at in range(55)
    ]
    return {
        "job_arn": "arn:aws:bedrock:us-east-1:111122223333:model-customization-job/amazon.nova-micro-v1:0:128k/abc",
        "job_name": f"tuner-{RUN}", "custom_model_arn": MODEL, "custom_model_name": f"tuner-{RUN}",
        "status": "Completed", "started_at": "2026-11-23T07:02:00Z", "ended_at": "2026-11-23T08:20:00Z",
        "epochs": [{"epoch": at, "training_loss": loss, "validation_loss": held, "steps": 11}
                   for at, (loss, held) in enumerate(losses, 1)],
        "steps": steps, "best_epoch": 3, "epochs_asked": 5, "epochs_run": 5, "stopped_early": False,
        "metrics_files": [],
    }  # fmt: skip


def _endpoint() -> dict[str, Any]:
    return {"kind": "provisioned", "arn": "arn:aws:bedrock:us-east-1:111122223333:provisioned-model/abcdefghijkl",
            "name": f"tuner-{RUN}", "model_units": 1, "commitment": None, "created_at": "2026-11-23T08:21:00Z",
            "in_service_at": "2026-11-23T08:41:00Z", "released_at": "2026-11-23T08:44:30Z"}  # fmt: skip


def guard_of(lost: bool) -> GuardScores:
    """The results of 40 guard questions. If `lost`, the tuned model passes none about general knowledge."""
    questions = guard_records(EvaluationSettings(guard=40))
    base = [Answer(id=each.id, answer=each.right, input_tokens=20, output_tokens=5) for each in questions]
    wrong = {each.id: each.wrong for each in questions if lost and each.category == "knowledge"}
    tuned = [answer.model_copy(update={"answer": wrong.get(answer.id, answer.answer)}) for answer in base]
    return guard_scores(questions, {"base": base, "tuned": tuned}, seed=0)
