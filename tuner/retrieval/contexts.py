"""Writes `dataset/contexts/`: the examples and passages of each question, for every contestant that has some."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tuner.artifacts.contexts import MOST_EXAMPLE_TURNS, MOST_PART_BYTES, Context, Example, Passage
from tuner.artifacts.dataset import EvaluationQuestion, Message
from tuner.artifacts.evaluation.contestants import Contestant
from tuner.artifacts.manifest import Manifest, UnusedFile
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.strict_model import JsonObject
from tuner.datasets.io import Source
from tuner.generation.chunks import text_chunks
from tuner.generation.documents import read_documents
from tuner.generation.reading.passages import ChunkText, essence
from tuner.retrieval.text_index import TextIndex
from tuner.retrieval.training_records import training_turns
from tuner.settings import RunSettings

# Fewest letters and digits of an answer that is searched for in a text. A shorter one is found by chance.
_SHORTEST_SEARCHED = 12
NumberedTurns = tuple[int, tuple[Message, ...]]
"""The turns of a training record, with its number in dataset/training.jsonl, from 1."""


def write_contexts(folder: RunFolder, manifest: Manifest, documents: Mapping[str, Source]) -> tuple[UnusedFile, ...]:
    """Writes the examples or passages of each question, for each contestant that is asked with some.

    They are fixed before the estimate, so it counts what is asked, and people can read it. Returns the documents that
    no passage can be taken from.
    """
    asked = [each for each in manifest.contestants if each.context]
    if not asked:
        return ()
    questions = list(folder.load_records(Keys.EVALUATION, EvaluationQuestion))
    with_examples = [Keys.contexts(each.name) for each in asked if each.context == "examples"]
    with_passages = [Keys.contexts(each.name) for each in asked if each.context == "passages"]
    unusable: tuple[UnusedFile, ...] = ()
    if with_examples:
        examples = Examples.of(_training(folder, manifest)).contexts(questions, manifest.settings.few_shot.examples)
        _save(folder, with_examples, examples)
    if with_passages:
        passages, unusable = _passages(_training(folder, manifest), documents)
        folder.save_records(Keys.PASSAGES, passages.passages)
        _save(folder, with_passages, passages.contexts(questions, manifest.settings.retrieval.passages))
    return unusable


def questions_with_context(
    contestant: Contestant,
    settings: RunSettings,
    questions: Sequence[EvaluationQuestion],
    training: Iterable[JsonObject],
    documents: Mapping[str, Source],
) -> Iterator[EvaluationQuestion]:
    """The questions as the contestant is asked them, chosen as in a run, from the converted training records."""
    numbered = _numbered(training, settings)
    if contestant.context == "examples":
        contexts = Examples.of(numbered).contexts(questions, settings.few_shot.examples)
    else:
        contexts = _passages(numbered, documents)[0].contexts(questions, settings.retrieval.passages)
    return (context.asked(question) for question, context in zip(questions, contexts, strict=True))


def _training(folder: RunFolder, manifest: Manifest) -> Iterator[NumberedTurns]:
    """The training records, one at a time: all of them can be too large for the memory."""
    return _numbered(folder.read_lines(Keys.TRAINING), manifest.settings)


def _numbered(records: Iterable[JsonObject], settings: RunSettings) -> Iterator[NumberedTurns]:
    turns = training_turns(records, settings.system_prompt)
    return ((number, record) for number, record in enumerate(turns, 1) if record)


def _save(folder: RunFolder, names: Sequence[str], contexts: Iterable[Context]) -> None:
    """Writes the same contexts for several contestants. They are chosen once."""
    first, *others = names
    folder.save_records(first, contexts)
    for name in others:
        folder.write(name, folder.read(first))


@dataclass(frozen=True, slots=True)
class Examples:
    """Training records that can be shown before a question, with an index over their questions."""

    examples: tuple[Example, ...]
    index: TextIndex

    @classmethod
    def of(cls, training: Iterable[NumberedTurns]) -> Examples:
        """The records that are short enough."""
        kept = tuple(Example(record=number, turns=turns) for number, turns in training if _fits(turns))
        return cls(kept, TextIndex([_asked(example.turns) for example in kept]))

    def contexts(self, questions: Iterable[EvaluationQuestion], count: int) -> Iterator[Context]:
        """The nearest examples of each question. The nearest one is last, next to the question."""
        for question in questions:
            nearest = [self.examples[number] for number in self.index.nearest(_asked(question.turns), count)]
            marked = [_marked_example(example, question) for example in reversed(nearest)]
            yield Context(id=question.id, examples=tuple(marked))


@dataclass(frozen=True, slots=True)
class Passages:
    """Passages with an index over them."""

    passages: tuple[Passage, ...]
    index: TextIndex

    @classmethod
    def of(cls, passages: Iterable[Passage]) -> Passages:
        """The passages, each text once."""
        kept = tuple({passage.text: passage for passage in passages}.values())
        return cls(kept, TextIndex([passage.text for passage in kept]))

    def contexts(self, questions: Iterable[EvaluationQuestion], count: int) -> Iterator[Context]:
        """The nearest passages of each question, the best one first."""
        for question in questions:
            nearest = [self.passages[number] for number in self.index.nearest(_asked(question.turns), count)]
            marked = [_marked_passage(passage, question) for passage in nearest]
            yield Context(id=question.id, passages=tuple(marked))


def _passages(
    training: Iterable[NumberedTurns], documents: Mapping[str, Source]
) -> tuple[Passages, tuple[UnusedFile, ...]]:
    """The passages of the documents; without usable documents, those of the training answers."""
    read = read_documents(documents, small=True)
    found = [
        Passage(source=chunk.document, place=", ".join(filter(None, (chunk.place, piece.place))), text=piece.text)
        for chunk in read.chunks
        # A page of a PDF file can be longer than a passage.
        for piece in text_chunks(chunk.document, chunk.text, small=True)
    ]
    unusable = tuple(
        UnusedFile(
            name=f"documents/{name}",
            rule="unused-file",
            message=f"No passage is taken from it: {sentence}",
            remedy="Replace the document, or remove it from the folder.",
        )
        for name, sentence in read.unusable.items()
    )
    return Passages.of(found or _from_answers(training)), unusable


def _from_answers(training: Iterable[NumberedTurns]) -> Iterator[Passage]:
    for number, turns in training:
        source, answer = f"training record {number}", turns[-1].text
        pieces = text_chunks(source, answer, small=True)
        if not pieces:  # too short to be split
            yield Passage(source=source, text=answer)
        yield from (Passage(source=source, place=piece.place, text=piece.text) for piece in pieces)


def _asked(turns: Sequence[Message]) -> str:
    """What the user says in a conversation."""
    return "\n".join(turn.text for turn in turns if turn.role == "user")


def _fits(turns: Sequence[Message]) -> bool:
    size = sum(len(html.escape(turn.text, quote=False).encode()) for turn in turns)
    return size <= MOST_PART_BYTES and len(turns) <= MOST_EXAMPLE_TURNS


def _marked_example(example: Example, question: EvaluationQuestion) -> Example:
    return example.model_copy(update={"holds_answer": _holds_answer(example.turns[-1].text, question)})


def _marked_passage(passage: Passage, question: EvaluationQuestion) -> Passage:
    return passage.model_copy(update={"holds_answer": _holds_answer(passage.text, question)})


def _holds_answer(text: str, question: EvaluationQuestion) -> bool:
    """Whether a right answer is in the text word for word. Answers that are too short to tell are not looked for."""
    telling = [
        answer for answer in (question.reference, *question.accepted) if len(essence(answer)) >= _SHORTEST_SEARCHED
    ]
    return bool(telling) and any(ChunkText(text).has_passage(answer) for answer in telling)
