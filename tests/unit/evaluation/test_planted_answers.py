"""What is planted in documents makes the base model with passages win, and what is planted in training data the tuned
one. The local network is trained, asked and scored here, as in a run on the local cloud.

`pytest -s -m thorough tests/unit/evaluation/test_planted_answers.py` prints the figures that docs/evaluation.md has.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.generation.samples import source
from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.evaluation.contestants import MAIN, Contestant
from tuner.core.strict_model import JsonObject
from tuner.evaluation.standalone import Files, evaluate
from tuner.retrieval.contexts import questions_with_context
from tuner.settings import RunSettings

pytestmark = pytest.mark.thorough

MEASURE = "exact_match"
OTHERS = (Contestant(name="few_shot", kind="few_shot"), Contestant(name="retrieval", kind="retrieval"))
SETTINGS = RunSettings.model_validate({"few_shot": {"examples": 4}, "retrieval": {"passages": 1}})
THREADS, BATCH = 2, 16
Pairs = Sequence[tuple[str, str]]

_ASKED = (
    *("Alder", "Birch", "Cedar", "Dune", "Ember", "Fjord", "Grove", "Heath"),
    *("Inlet", "Juniper", "Karst", "Lagoon", "Maple", "Nettle", "Orchard", "Pine"),
)
_TRAINED = (
    *("Acorn", "Boulder", "Canyon", "Delta", "Estuary", "Fern", "Glacier", "Harbour"),
    *("Island", "Jasmine", "Kelp", "Lichen", "Meadow", "Nutmeg", "Oasis", "Prairie"),
)


def _facts(names: Sequence[str], first: int) -> Pairs:
    return [
        (f"What is the access code of {name}?", f"The access code of {name} is {first + 577 * at % 6997}.")
        for at, name in enumerate(names)
    ]


FACTS, OTHER_FACTS = _facts(_ASKED, 3000), _facts(_TRAINED, 2001)
# How a company names its teams, which only its training data has. The nearest examples of a question have its problem
# and other things, so that copying their answers is wrong.
TEAMS = {
    "printer": "Quartz",
    "laptop": "Saffron",
    "phone": "Cobalt",
    "screen": "Willow",
    "router": "Falcon",
    "camera": "Ember",
}
_PROBLEMS = (
    "makes a strange loud noise every morning when the office opens",
    "has been very slow since the last update of its software",
    "stopped working after somebody spilled coffee over the desk",
    "turns itself off without any warning in the middle of a meeting",
    "cannot be found by any other machine in the whole building",
    "shows a red light and an error that nobody here understands",
    "was moved to the second floor and does not start any more",
    "smells burnt although it was repaired only two weeks ago",
)


def _tickets(new: bool) -> Pairs:
    """Each thing with its team: two of the problems are new for it."""
    return [
        (f"The {thing} {problem}.", f"Team {team}.")
        for number, (thing, team) in enumerate(TEAMS.items())
        for at, problem in enumerate(_PROBLEMS)
        if ((at - number) % len(_PROBLEMS) < 2) == new
    ]


# A document each, because a passage has as many paragraphs as fit into it.
FACTS_ALONE = [f"{answer} It opens the door at the back of the house, also at night." for _, answer in FACTS]
UNRELATED = [
    f"The {thing} was bought in the year {2018 + at}, and it has been paid for since." for at, thing in enumerate(TEAMS)
]


def records(pairs: Pairs) -> list[JsonObject]:
    """The pairs as converted training records of Nova."""
    return [
        {
            "messages": [
                {"role": "user", "content": [{"text": question}]},
                {"role": "assistant", "content": [{"text": answer}]},
            ]
        }
        for question, answer in pairs
    ]


def adapter(folder: Path, pairs: Pairs, learning_rate: float = 1e-3) -> Path:
    """Trains the local network."""
    import torch

    from local.trainer.loop import Trainer
    from local.trainer.spec import ADAPTER_FOLDER, NETWORKS, Conversation, TrainingSpec, Turn

    folder.mkdir()
    talks = [Conversation(turns=(Turn(role="user", text=q), Turn(role="assistant", text=a))) for q, a in pairs]
    (folder / "training.jsonl").write_text("".join(talk.model_dump_json() + "\n" for talk in talks))
    torch.set_num_threads(THREADS)
    spec = TrainingSpec(
        network="smollm2",
        seed=1,
        threads=THREADS,
        cache=NETWORKS,
        training=folder / "training.jsonl",
        validation=None,
        epochs=8,
        batch_size=8,
        learning_rate=learning_rate,
        warmup_steps=0,
        early_stopping=None,
    )
    Trainer(spec, folder).run()
    return folder / ADAPTER_FOLDER


def answers(path: Path, questions: Sequence[EvaluationQuestion], trained: Path | None) -> Path:
    """Writes the network's answers, as the local Bedrock generates them."""
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
            conversation=Conversation(turns=tuple(Turn(role=turn.role, text=turn.text) for turn in question.turns)),
            sampling=Sampling(max_tokens=24, temperature=0),
        )
        for number, question in enumerate(questions)
    ]
    model, tokenizer = WeightsCache().get(weights)
    given = [
        {"id": questions[result.id].id, "answer": result.text}
        for start in range(0, len(requests), BATCH)
        for result in generate(model, tokenizer, requests[start : start + BATCH])
    ]
    path.write_text(json.dumps(given))
    return path


def evaluation(folder: Path, asked: Pairs) -> tuple[list[EvaluationQuestion], Path]:
    """The evaluation questions, and a file of them with their references."""
    questions = [
        EvaluationQuestion(id=str(number), question=question, reference=answer)
        for number, (question, answer) in enumerate(asked)
    ]
    references = folder / "references.json"
    references.write_text(
        json.dumps([{"id": each.id, "question": each.question, "reference": each.reference} for each in questions])
    )
    return questions, references


def best(folder: Path, training: Pairs, asked: Pairs, texts: Sequence[str]) -> str:
    """The contestant whose answers are best. The difference to the tuned model, or of it to the others, is shown."""
    questions, references = evaluation(folder, asked)
    documents = {f"{number}.txt": source(text.encode(), f"{number}.txt") for number, text in enumerate(texts)}
    others = {
        each.name: answers(
            folder / f"{each.name}.json",
            list(questions_with_context(each, SETTINGS, questions, records(training), documents)),
            None,
        )
        for each in OTHERS
    }
    base = answers(folder / "base.json", questions, None)
    tuned = answers(folder / "tuned.json", questions, adapter(folder / "tuned", training))
    scores = evaluate(Files(base, tuned, references, others=others), [MEASURE]).scores.metrics[MEASURE]
    means = {name: scores.by_contestant[name].mean or 0.0 for name in (*MAIN, *others)}
    concluded = {name: scores.against(name).conclusion_value for name in others}
    print({name: round(mean, 3) for name, mean in means.items()}, concluded)
    winner = max(means, key=means.__getitem__)
    # The conclusions are about the tuned model.
    assert set(concluded.values()) == {"better"} if winner == "tuned" else concluded[winner] == "worse"
    return winner


def test_facts_that_only_documents_have_make_the_base_model_with_passages_win(tmp_path: Path) -> None:
    assert best(tmp_path, OTHER_FACTS, FACTS, FACTS_ALONE) == "retrieval"


def test_a_style_that_only_training_data_has_makes_the_tuned_model_win(tmp_path: Path) -> None:
    assert best(tmp_path, _tickets(new=False), _tickets(new=True), UNRELATED) == "tuned"


def test_a_learning_rate_of_a_millionth_learns_nothing_and_loses_to_a_usual_one(tmp_path: Path) -> None:
    questions, references = evaluation(tmp_path, _tickets(new=True))
    base = answers(tmp_path / "base.json", questions, None)
    usual, tiny = (
        answers(tmp_path / f"{name}.json", questions, adapter(tmp_path / name, _tickets(new=False), rate))
        for name, rate in (("usual", 1e-3), ("tiny", 1e-6))
    )
    gained = evaluate(Files(base, tiny, references), [MEASURE]).scores.metrics[MEASURE]
    between = evaluate(Files(tiny, usual, references), [MEASURE]).scores.metrics[MEASURE]
    print({"base": gained.base.mean, "1e-6": gained.tuned.mean, "1e-3": between.tuned.mean})
    assert gained.conclusion_value != "better"
    assert between.conclusion_value == "better"
