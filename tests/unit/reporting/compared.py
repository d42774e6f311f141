"""A run that compared five contestants, in the form in which its steps write it. The scores are invented."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.unit.reporting.sample import artifacts
from tuner.artifacts.evaluation.question_scores import QuestionScores
from tuner.core.artifact_keys import Keys
from tuner.evaluation.gate.rules import GateComparisons, decide_gate
from tuner.evaluation.grading.grades import Graded
from tuner.evaluation.scores import summarize
from tuner.settings.run.gate import GateRule

KINDS = ("base", "tuned", "few_shot", "retrieval", "retrieval_tuned")
# For a million tokens: $1 and $2 of the base model, $3 and $4 of a tuned one. $2 a month of storage.
RATES: Mapping[tuple[str, str | None], float | None] = {
    ("input", None): 1e-6,
    ("output", None): 2e-6,
    ("custom_input", None): 3e-6,
    ("custom_output", None): 4e-6,
    ("storage", None): 2.0,
    ("throughput", "hourly"): 10.0,
    ("throughput", "OneMonth"): None,
    ("throughput", "SixMonths"): None,
}
# The tuned model is better than the base model; retrieval is as good as it.
MEANS = {"base": 3.0, "tuned": 7.0, "few_shot": 5.0, "retrieval": 7.0, "retrieval_tuned": 7.0}
TOKENS = {"base": 30, "tuned": 30, "few_shot": 430, "retrieval": 1030, "retrieval_tuned": 1030}


def compared(
    means: Mapping[str, float] = MEANS,
    questions: int = 40,
    noise: float = 0.2,
    rates: Mapping[tuple[str, str | None], float | None] = RATES,
    gate: GateRule | None = None,
    **settings: Any,
) -> dict[str, bytes]:
    """The artifacts of such a run. Each score differs by `noise` from the mean. `gate` is a rule for correctness."""
    things = artifacts(questions)
    written = json.loads(things.pop(Keys.GATE))
    manifest, estimate = json.loads(things[Keys.MANIFEST]), json.loads(things[Keys.ESTIMATE])
    manifest["contestants"] = [{"name": name, "kind": name} for name in means]
    manifest["settings"] |= {"serving": "on_demand", **settings}
    estimate["rates"] = [{"item": item, "term": term, "usd": usd} for (item, term), usd in rates.items()]
    asked = [json.loads(line) for line in things[Keys.EVALUATION].splitlines()]
    graded = tuple(_graded(at, record["id"], means, noise) for at, record in enumerate(asked))
    scores = summarize(Graded(graded, {}, {}))
    things |= {
        Keys.MANIFEST: json.dumps(manifest).encode(),
        Keys.ESTIMATE: json.dumps(estimate).encode(),
        Keys.SCORES: scores.to_json(),
    }
    if result := decide_gate({"correctness": gate} if gate else {}, GateComparisons.of(scores)):
        things[Keys.GATE] = json.dumps(written | result.model_dump(mode="json")).encode()
    for name in means:
        answers = [_answer(at, record["id"], TOKENS[name]) for at, record in enumerate(asked)]
        things[Keys.answers(name, 0)] = _lines(answers)
        if name in ("few_shot", "retrieval", "retrieval_tuned"):
            things[Keys.contexts(name)] = _lines([_context(at, record["id"]) for at, record in enumerate(asked)])
    return things


def _graded(at: int, identity: str, means: Mapping[str, float], noise: float) -> QuestionScores:
    # Half of the questions are above the mean, others for each contestant, so that their differences have a spread.
    signs = [(-1) ** (at & mask).bit_count() for mask in (1, 2, 4, 3, 6)]
    values = {name: mean + noise * sign for sign, (name, mean) in zip(signs, means.items(), strict=False)}
    scores = {name: {"correctness": round(value, 3)} for name, value in values.items()}
    others = {name: each for name, each in scores.items() if name not in ("base", "tuned")}
    return QuestionScores.model_validate(
        {"id": identity, "base": scores["base"], "tuned": scores["tuned"]} | ({"others": others} if others else {})
    )


def _answer(at: int, identity: str, read: int) -> dict[str, Any]:
    return {
        "id": identity,
        "answer": "An answer.",
        "input_tokens": read,
        "output_tokens": 50,
        "latency_ms": 400 + 10 * at,
    }


def _context(at: int, identity: str) -> dict[str, Any]:
    """Two passages for each question. One of every fifth question has its answer."""
    passages = [{"source": "faq.pdf", "text": "A passage.", "holds_answer": not part and not at % 5} for part in (0, 1)]
    return {"id": identity, "passages": passages}


def _lines(records: Sequence[Any]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()
