"""Guard questions show what a model really forgets. The local network is trained, asked and graded here.

`pytest -s -m thorough tests/unit/evaluation/guard` prints the figures that docs/evaluation.md has.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tuner.artifacts.evaluation.answers import Answer
from tuner.artifacts.evaluation.gate import GateResult
from tuner.artifacts.guard import GuardScores
from tuner.aws.s3.guard_questions import guard_records
from tuner.catalog.guard_questions import MAX_TOKENS, MEASURE
from tuner.evaluation.gate.rules import GateComparisons, decide_gate
from tuner.evaluation.guard.scores import guard_scores
from tuner.settings import EvaluationSettings, GateRule, Margin

# Those of knowledge in a run with 100 guard questions. The local network passes few of the other categories.
QUESTIONS = [each for each in guard_records(EvaluationSettings(guard=100)) if each.category == "knowledge"]
GATE = {MEASURE: GateRule(not_worse_by=Margin(than="base", margin=0.05))}
THREADS, BATCH = 2, 16
# Every answer of the narrow set is of one kind: the code of the team that a ticket goes to.
TEAMS = ("billing", "network", "storage", "accounts", "hardware")
TICKETS = [
    (f"Which team gets ticket {number} about {team}?", f"{team.upper()}-{number}")
    for number in range(100, 106)
    for team in TEAMS
]


def adapter(folder: Path, epochs: int, learning_rate: float) -> Path:
    """Trains the local network on the narrow set."""
    import torch

    from local.trainer.loop import Trainer
    from local.trainer.spec import ADAPTER_FOLDER, NETWORKS, Conversation, TrainingSpec, Turn

    folder.mkdir()
    talks = [Conversation(turns=(Turn(role="user", text=q), Turn(role="assistant", text=a))) for q, a in TICKETS]
    (folder / "training.jsonl").write_text("".join(talk.model_dump_json() + "\n" for talk in talks))
    spec = TrainingSpec(
        network="smollm2",
        seed=1,
        threads=THREADS,
        cache=NETWORKS,
        training=folder / "training.jsonl",
        validation=None,
        epochs=epochs,
        batch_size=5,
        learning_rate=learning_rate,
        warmup_steps=0,
        early_stopping=None,
    )
    torch.set_num_threads(THREADS)
    losses = [row.training_loss for row in Trainer(spec, folder).run().training]
    print(f"{folder.name}: {len(losses)} steps, loss {losses[0]:.2f} to {losses[-1]:.2f}.")
    # Otherwise, a model that was not trained at all would also be "not worse".
    assert losses[-1] < losses[0]
    return folder / ADAPTER_FOLDER


def answers(trained: Path | None) -> list[Answer]:
    """The network's answers, as the local Bedrock generates them."""
    import torch

    from local.bedrock.engine.generation import generate
    from local.bedrock.engine.messages import GenerationRequest, Sampling, Weights
    from local.bedrock.engine.weights_cache import WeightsCache
    from local.trainer.spec import NETWORKS, Conversation, Turn

    torch.set_num_threads(THREADS)
    weights = Weights(network="smollm2", cache=NETWORKS, adapter=trained)
    requests = [
        GenerationRequest(
            id=number,
            weights=weights,
            conversation=Conversation(system=each.system, turns=(Turn(role="user", text=each.question),)),
            sampling=Sampling(max_tokens=MAX_TOKENS, temperature=0),
        )
        for number, each in enumerate(QUESTIONS)
    ]
    model, tokenizer = WeightsCache().get(weights)
    results = [
        result
        for start in range(0, len(requests), BATCH)
        for result in generate(model, tokenizer, requests[start : start + BATCH])
    ]
    return [Answer(id=QUESTIONS[result.id].id, answer=result.text) for result in results]


@pytest.fixture(scope="module")
def base() -> list[Answer]:
    return answers(None)


def compared(base: list[Answer], trained: Path) -> tuple[GuardScores, GateResult]:
    """What the guard questions show of the trained network, and what the gate decides."""
    found = guard_scores(QUESTIONS, {"base": base, "tuned": answers(trained)}, seed=0)
    gate = decide_gate(GATE, GateComparisons({}, guard=found))
    assert gate is not None
    print(found.findings[0].sentence, gate.sentence, found.metrics[MEASURE].comparison.interval)
    return found, gate


@pytest.mark.thorough
def test_a_model_that_is_overtrained_on_a_narrow_set_is_found_worse_and_rejected(
    base: list[Answer], tmp_path: Path
) -> None:
    found, gate = compared(base, adapter(tmp_path / "overtrained", epochs=10, learning_rate=2e-3))
    assert found.value == "worse"
    assert gate.decision == "rejected"


@pytest.mark.thorough
def test_a_model_that_is_trained_mildly_on_the_same_set_is_not_called_worse(base: list[Answer], tmp_path: Path) -> None:
    found, gate = compared(base, adapter(tmp_path / "mild", epochs=1, learning_rate=2e-4))
    assert found.value != "worse"
    assert gate.decision != "rejected"
