"""Finds records that repeat others, within a file and across the files of a dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tuner.artifacts.dataset import Severity, SharedQuestions
from tuner.datasets.findings import Issue
from tuner.datasets.profile.near_duplicates import NearDuplicateIndex
from tuner.datasets.profile.near_matches import Outline, agree, outline
from tuner.datasets.records.record import DataRole, Record
from tuner.datasets.same_question import comparable, input_hash, prompt_hash, text_hash

Leakage = Literal["refuse", "warn"]
_REMOVE_ONE = "Keep one of the two."
_MOST_NAMED = 20
_NAMED_CHARACTERS = 100
# An answer that more records have (or one in a thousand) is a label. That it agrees says nothing about the questions.
_RARE_ANSWER, _RARE_SHARE = 5, 0.001

# How a record is like an earlier one: the whole record, the question, nearly the record, or only most of the words.
Likeness = Literal["repeats", "asks the question of", "nearly repeats", "resembles"]


@dataclass(frozen=True, slots=True)
class _Seen:
    """An earlier record: where it is, hashes of what the model reads, of the prompt and of the answer, its outline."""

    role: DataRole
    file: str
    line: int
    place: str
    input: int
    prompt: int
    answer: int
    outline: Outline

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}{f', {self.place}' if self.place else ''}"


class DuplicateFinder:
    """Takes every record once, training data first, and reports which earlier record it repeats.

    `leaders` maps the input hash of a near duplicate to the hash of the earliest record that it repeats. A split puts
    both on the side of the leader. Appended records follow earlier ones, so no earlier record changes its side.
    """

    def __init__(self, leakage: Leakage = "refuse", system_prompt: str | None = None) -> None:
        self._leakage = leakage
        self._system_prompt = system_prompt
        self._index = NearDuplicateIndex()
        self._indexed: list[_Seen] = []  # by the numbers that the index gives
        self._by_content: dict[tuple[int, int], _Seen] = {}
        self._by_input: dict[int, _Seen] = {}
        self._by_prompt: dict[int, _Seen] = {}
        self._by_wording: dict[int, _Seen] = {}
        self._by_answer: dict[int, list[_Seen]] = {}
        self._answers: Counter[int] = Counter()
        self._shared: Counter[str] = Counter()
        self.leaders: dict[int, int] = {}

    def issues(self, record: Record, role: DataRole, file: str, shown: bool = True) -> Iterator[Issue]:
        """What the record repeats. The record is then compared with those that follow.

        The text of a question that must not be `shown` is in no message.
        """
        seen = self._seen(record, role, file)
        sketch = self._index.sketch(f"{record.prompt}\n{record.completion}")
        if found := self._earlier(seen, sketch):
            yield from self._issue(record, seen, *found, shown=shown)
        self._remember(seen, sketch, found)

    def shared_with_validation(self, questions: int) -> SharedQuestions | None:
        """The evaluation `questions` that the validation data has too; None when there is none."""
        names = tuple(text for text in self._shared if text)[:_MOST_NAMED]
        return SharedQuestions(count=self._shared.total(), of=questions, questions=names) if self._shared else None

    def _seen(self, record: Record, role: DataRole, file: str) -> _Seen:
        prompt, whole = prompt_hash(record), input_hash(record, self._system_prompt)
        answer = text_hash(comparable(record.completion))
        return _Seen(role, file, record.line, record.place, whole, prompt, answer, outline(record, whole != prompt))

    def _earlier(self, seen: _Seen, sketch: object) -> tuple[_Seen, Likeness] | None:
        """The earlier record that this one is most like. Training data comes first, so it is found first."""
        content = self._by_content.get((seen.prompt, seen.answer))
        # With another system prompt it is another record, but still one that a model was trained on.
        if content and (content.input == seen.input or content.role != seen.role):
            return content, "repeats"
        if question := self._by_input.get(seen.input):
            return question, "asks the question of"
        # A question without a system prompt of its own repeats the same one with any: a person asks the same.
        prompt = self._by_prompt.get(seen.prompt)
        if prompt and prompt.role != seen.role and seen.prompt in (seen.input, prompt.input):
            return prompt, "asks the question of"
        if wording := self._by_wording.get(seen.outline.wording):
            return wording, "nearly repeats"
        if self._is_rare(seen.answer):
            for other in self._by_answer.get(seen.answer, ()):
                if agree(seen.outline, other.outline):
                    return other, "nearly repeats"
        if match := self._index.nearest(sketch):
            other = self._indexed[match.number]
            alike = self._is_rare(other.answer) and agree(seen.outline, other.outline)
            return other, "nearly repeats" if alike else "resembles"
        return None

    def _is_rare(self, answer: int) -> bool:
        return self._answers[answer] <= max(_RARE_ANSWER, _RARE_SHARE * self._answers.total())

    def _issue(
        self, record: Record, seen: _Seen, earlier: _Seen, likeness: Likeness, *, shown: bool
    ) -> Iterator[Issue]:
        field = record.turns[0].field
        if seen.role != earlier.role:
            yield from self._across_files(record, seen, earlier, likeness, shown=shown)
        elif likeness == "asks the question of":
            message = f"the question of {earlier} has another answer here."
            remedy = "Keep the right answer, or make the questions different."
            yield Issue("answers-differ", message, remedy, record.turns[-1].field, "warning")
        elif likeness == "repeats":
            yield Issue("duplicate", f"repeats {earlier}.", _REMOVE_ONE, field, "warning")
        elif likeness == "nearly repeats":
            yield Issue("near-duplicate", f"nearly repeats {earlier}.", _REMOVE_ONE, field, "warning")

    def _across_files(
        self, record: Record, seen: _Seen, earlier: _Seen, likeness: Likeness, *, shown: bool
    ) -> Iterator[Issue]:
        """Issues of a record that is like one of another file. Training data comes first, so it is of another role."""
        field = record.turns[0].field
        if likeness == "resembles":
            if earlier.role == "training":
                message = f"has most words of {earlier}, but another question or answer."
                yield Issue("leakage", message, "Check that it tests something else.", field, "warning")
        elif earlier.role == "validation":
            name = record.question[:_NAMED_CHARACTERS] if shown else ""
            self._shared[name] += 1
            named = f": '{name}'." if name else "."
            message = f"{likeness} {earlier}{named} Validation data can decide when the training ends."
            yield Issue("leakage", message, "For an independent test, remove it from one of the two.", field, "warning")
        else:
            message = f"{likeness} {earlier}: a model must not be tested on records that it was trained on."
            severity: Severity = "error" if seen.role == "evaluation" and self._leakage == "refuse" else "warning"
            remedy = "Remove one of the two, or set evaluation.leakage to 'warn' in run.yaml."
            yield Issue("leakage", message, remedy if seen.role == "evaluation" else _REMOVE_ONE, field, severity)

    def _remember(self, seen: _Seen, sketch: object, found: tuple[_Seen, Likeness] | None) -> None:
        if found and found[1] == "nearly repeats":
            # Only new questions follow: one that came before was found as the same question, and keeps its side.
            leader = found[0].input
            self.leaders[seen.input] = self.leaders.get(leader, leader)
        self._answers[seen.answer] += 1
        if found and found[1] == "repeats" and found[0].input == seen.input:
            return
        self._by_content.setdefault((seen.prompt, seen.answer), seen)
        self._by_input.setdefault(seen.input, seen)
        self._by_prompt.setdefault(seen.prompt, seen)
        self._by_wording.setdefault(seen.outline.wording, seen)
        if self._is_rare(seen.answer):
            self._by_answer.setdefault(seen.answer, []).append(seen)
        if self._index.add(sketch) is not None:
            self._indexed.append(seen)
