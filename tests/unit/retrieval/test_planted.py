"""What is planted decides who wins: a fact in the documents alone, or a style in the training data alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.doubles import MemoryFolder, approve
from tests.unit.retrieval.samples import folder_of
from tuner.artifacts.dataset import Message
from tuner.artifacts.evaluation.scores import Scores
from tuner.aws.bedrock.converse import Reply
from tuner.costs.allotments import Allotments
from tuner.evaluation.grading.shards import Shards
from tuner.evaluation.scores import summarize
from tuner.serving.inference import Inference, Shard
from tuner.settings import InferenceSettings

Answers = Callable[[str], str]
COUNT = 24
LAKES = [f"lake number {at}" for at in range(COUNT)]
DEPTHS = {lake: f"It is {100 + 7 * at} metres deep" for at, lake in enumerate(LAKES)}
COMPARED = ["few_shot", "retrieval", "retrieval_tuned"]


class Models:
    """A base and a tuned model: what each answers to all that it is sent."""

    def __init__(self, base: Answers, tuned: Answers) -> None:
        self.by_endpoint = {"base": base, "tuned": tuned}

    def ask(
        self,
        endpoint: str,
        question: str,
        system: str | None,
        inference: InferenceSettings,
        earlier: Sequence[Message] = (),
    ) -> Reply:
        sent = "\n".join([*(turn.text for turn in earlier), question])
        return Reply(self.by_endpoint[endpoint](sent), "end_turn", len(sent), 4, 5)


class NoEncoder:
    identity = "none"


def scored(folder: MemoryFolder, models: Models) -> Scores:
    """All contestants answer, and are scored."""
    run = folder.manifest()
    approve(folder)
    for contestant in run.contestants:
        endpoint = "tuned" if contestant.asks_tuned else "base"
        meter_of = Allotments.of(folder, run).answers
        Inference(models, endpoint, run, 2, meter_of).run(Shard(folder, contestant, 0, COUNT))
    shards = Shards(folder, COUNT, NoEncoder())  # type: ignore[arg-type]
    return summarize(shards.graded(0, shards.items()))


def folder_with(training: Sequence[tuple[str, str]], documents: dict[str, str], **settings: Any) -> MemoryFolder:
    questions = [(f"How deep is {lake}?", DEPTHS[lake]) for lake in LAKES]
    metrics = {"metrics": ["exact_match"]}
    return folder_of(training, questions, documents, compare_with=COMPARED, evaluation=metrics, **settings)


def conclusions(scores: Scores) -> dict[str, str]:
    """What is concluded of the tuned model, by the contestant that it is compared with."""
    found = scores.metrics["exact_match"].compared
    return {name: each.conclusion.value for name, each in found.items() if each.conclusion}


def test_a_fact_in_the_documents_alone_makes_retrieval_win() -> None:
    """Models that know a depth only if it was sent to them."""
    documents = {f"{lake}.md": f"About {lake}: the water is clear. {DEPTHS[lake]}. It has many fish." for lake in LAKES}
    folder = folder_with([("Where is the sea?", "It is far away.")], documents)

    def reader(sent: str) -> str:
        asked = next(lake for lake in reversed(LAKES) if f"How deep is {lake}?" in sent)
        return DEPTHS[asked] if DEPTHS[asked] in sent else "I do not know"

    found = scored(folder, Models(reader, lambda _: "It is deep"))
    assert conclusions(found) == {
        "base": "undecided",
        "few_shot": "undecided",
        "retrieval": "worse",
        "retrieval_tuned": "undecided",
    }
    means = {name: each.mean for name, each in found.metrics["exact_match"].by_contestant.items()}
    assert (means["retrieval"], means["tuned"]) == (1.0, 0.0)
    # The verdict stays that of the main comparison.
    assert found.verdict.value == "undecided"


def test_a_style_in_the_training_data_alone_makes_the_tuned_model_win() -> None:
    """A base model that finds the fact everywhere, and says it in its own way."""
    documents = {f"{lake}.md": f"About {lake}: the water is clear. {DEPTHS[lake]}. It has many fish." for lake in LAKES}
    folder = folder_with([("Where is the sea?", "It is far away.")], documents)

    def fact(sent: str) -> str:
        return DEPTHS[next(lake for lake in reversed(LAKES) if f"How deep is {lake}?" in sent)]

    found = scored(folder, Models(lambda sent: f"Sure! {fact(sent)}, as far as I know", fact))
    assert conclusions(found) == {
        "base": "better",
        "few_shot": "better",
        "retrieval": "better",
        "retrieval_tuned": "undecided",
    }
    assert found.verdict.value == "better"
