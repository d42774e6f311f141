"""Finds related evaluation questions: they are answered well or badly together, so each group counts once.

Questions are related if a field has the same value, where the settings name one. Else they are related if they have the
same conversation, document or passage, or nearly the same words (as the check for duplicates decides).

Questions from too few documents for a comparison are grouped by the documents' parts. The result then holds for these
documents, and the sentences say so. What all questions have in common, such as their only document or the schema of a
database, groups nothing. The result holds for that document, of which the questions are a sample.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence

from tuner.artifacts.dataset import FEWEST_GROUPS, EvaluationQuestion, GroupsBy, QuestionGroups
from tuner.core.label_matching import alike
from tuner.datasets.profile.duplicates import DuplicateFinder
from tuner.datasets.records.record import Record, Turn
from tuner.datasets.same_question import comparable, input_hash

# A question's value of a property; None where it has none.
_Key = Callable[[EvaluationQuestion], Hashable | None]


def question_groups(
    questions: Sequence[EvaluationQuestion], group_by: str | None = None, asked: Collection[str] | None = None
) -> tuple[QuestionGroups | None, Mapping[str, str]]:
    """The groups, and the name of each question's group by the question's id; None if every question is independent.

    `group_by` is the field that the settings name. A question without a value of it is a group of its own, and
    counted. `asked` are the ids of the questions that are counted, if not all were asked: the groups are those of all.
    """
    if group_by is not None:
        links: dict[GroupsBy, Mapping[str, Hashable]] = {
            "field": _values(questions, lambda each: each.fields.get(group_by))
        }
    else:
        links = _automatic(questions)
    ids = [each.id for each in questions]
    names = _components(ids, links.values())
    if len(set(names.values())) == len(questions):
        return None, {}
    counted = [key for key in ids if asked is None or key in asked]
    used = _deciding(ids, links, names)
    by: GroupsBy = used[0] if len(used) == 1 else "several"
    documents = {each.origin.document for each in questions if each.origin.document}
    return (
        QuestionGroups(
            by=by,
            field=group_by,
            questions=len(counted),
            groups=len({names[key] for key in counted}),
            documents=len(documents) if "part" in used else None,
            alone=sum(all(key not in links[by] for by in used) for key in counted),
            alike=alike(each.fields[group_by] for each in questions if group_by in each.fields) if group_by else None,
        ),
        names,
    )


def few_documents(questions: Sequence[EvaluationQuestion]) -> int | None:
    """How many documents all questions are from, if they are too few to speak for others; None otherwise."""
    documents = {each.origin.document for each in questions}
    return len(documents) if documents and None not in documents and len(documents) < FEWEST_GROUPS else None


def in_random_order(
    questions: Sequence[EvaluationQuestion], group_by: str | None = None, seed: int = 0
) -> list[EvaluationQuestion]:
    """The questions, whole groups in an order that seed and ids decide: the first ones are a random sample of all."""
    _, names = question_groups(questions, group_by)

    def place(question: EvaluationQuestion) -> bytes:
        return hashlib.sha256(f"{seed}\n{names.get(question.id, question.id)}".encode()).digest()

    # Sorting is stable: the questions of a group keep their order.
    return sorted(questions, key=place)


def _automatic(questions: Sequence[EvaluationQuestion]) -> dict[GroupsBy, Mapping[str, Hashable]]:
    """What is the same in several questions: for each property, the values of the questions that have it."""
    documents = _values(questions, lambda each: each.origin.document)
    found: dict[GroupsBy, Mapping[str, Hashable]] = {
        "conversation": _values(questions, lambda each: each.origin.conversation) | _first_turns(questions)
    }
    few = len(set(documents.values())) < FEWEST_GROUPS
    if few and any(each.origin.part for each in questions):
        found["part"] = _values(questions, _part)
    else:
        found["document"] = documents
    found["passage"] = _values(questions, lambda each: each.origin.passage)
    found["similar"] = _same_questions(questions)
    return {by: values for by, values in found.items() if len(values) < len(questions) or len(set(values.values())) > 1}


def _deciding(
    ids: Sequence[str], links: Mapping[GroupsBy, Mapping[str, Hashable]], names: Mapping[str, str]
) -> list[GroupsBy]:
    """The properties that the groups are by: one, if it makes these groups alone; else all that relate questions."""
    for by, values in links.items():
        if _components(ids, [values]) == names:
            return [by]
    return [by for by, values in links.items() if len(set(values.values())) < len(values)]


def _part(question: EvaluationQuestion) -> Hashable | None:
    origin = question.origin
    return (origin.document, origin.part) if origin.document else None


def _values(questions: Sequence[EvaluationQuestion], key: _Key) -> dict[str, Hashable]:
    return {each.id: value for each in questions if (value := key(each)) is not None}


def _first_turns(questions: Sequence[EvaluationQuestion]) -> dict[str, Hashable]:
    """The first turn of each conversation of several turns: conversations that begin alike are cuts of one."""
    several = {each.id: comparable(each.messages[0].text) for each in questions if len(each.messages) > 1}
    counts = Counter(several.values())
    return {key: ("begins with", text) for key, text in several.items() if counts[text] > 1}


def _same_questions(questions: Sequence[EvaluationQuestion]) -> dict[str, Hashable]:
    """The question that each one repeats, exactly or nearly."""
    finder = DuplicateFinder()
    inputs = {}
    for each in questions:
        record = _record(each)
        inputs[each.id] = input_hash(record)
        # The issues are made while the finder compares, and are of no interest here.
        for _ in finder.issues(record, "evaluation", "", shown=False):
            pass
    return {key: finder.leaders.get(number, number) for key, number in inputs.items()}


def _record(question: EvaluationQuestion) -> Record:
    turns = tuple(Turn(message.role, message.text, "") for message in question.turns)
    return Record(0, (*turns, Turn("assistant", question.reference, "")), question.system)


def _components(ids: Sequence[str], links: Iterable[Mapping[str, Hashable]]) -> dict[str, str]:
    """The first question of each question's group: questions that share a value, directly or through others."""
    leader = {key: key for key in ids}

    def first(key: str) -> str:
        while leader[key] != key:
            leader[key] = key = leader[leader[key]]
        return key

    order = {key: number for number, key in enumerate(ids)}
    for values in links:
        together: dict[Hashable, list[str]] = defaultdict(list)
        for key, value in values.items():
            together[value].append(key)
        for start, *others in together.values():
            for other in others:
                one, two = sorted((first(start), first(other)), key=order.__getitem__)
                leader[two] = one
    return {key: first(key) for key in ids}
