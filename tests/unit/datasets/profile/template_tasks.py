"""Datasets of tasks made from templates: their questions share most words, and their answers are few.

Each function gives records of different questions. They are deterministic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import islice
from random import Random

Pair = dict[str, str]
_NOUNS = [
    "cat",
    "lamp",
    "river",
    "teacher",
    "garden",
    "letter",
    "window",
    "bridge",
    "apple",
    "winter",
    "doctor",
    "ship",
]
_VERBS = ["sees", "follows", "paints", "forgets", "carries", "repairs", "loses", "finds", "draws", "breaks"]
_LABELS = ["billing", "delivery", "login", "refund", "praise", "other"]
_INSTRUCTION = (
    "You are a careful assistant. Read the message of the customer and answer with exactly one of these labels: "
    "billing, delivery, login, refund, praise, other. Do not explain the label.\n\nMessage: "
)


def boolean_logic(random: Random) -> Pair:
    """`not True or ( True and False )`: seven tokens make all questions, and half of the answers agree."""

    def expression(depth: int) -> str:
        if depth == 0:
            return random.choice(["True", "False"])
        left, right = expression(random.randrange(depth)), expression(depth - 1)
        joined = f"{left} {random.choice(['and', 'or'])} {right}"
        return random.choice([f"not ( {joined} )", f"( {joined} )", f"not {joined}", joined])

    said = expression(random.randrange(3, 6))
    return {"question": f"{said} is", "answer": str(eval(said))}


def bracket_matching(random: Random) -> Pair:
    """Open brackets that must be closed: a question of signs only, after a fixed instruction."""
    pairs = {"(": ")", "[": "]", "{": "}", "<": ">"}
    opened: list[str] = []
    said: list[str] = []
    for _ in range(random.randrange(4, 24)):
        if opened and random.random() < 0.45:
            said.append(pairs[opened.pop()])
        else:
            opened.append(random.choice(list(pairs)))
            said.append(opened[-1])
    if not opened:
        opened.append("(")
        said.append("(")
    closing = " ".join(pairs[bracket] for bracket in reversed(opened))
    instruction = "Complete the rest of the sequence, making sure that the parentheses are closed properly. Input: "
    return {"question": instruction + " ".join(said), "answer": closing}


def arithmetic(random: Random) -> Pair:
    """`What is 17 + 25?`: only numbers and operators differ."""
    first, second, operator = random.randrange(100), random.randrange(100), random.choice("+-*")
    return {"question": f"What is {first} {operator} {second}?", "answer": str(eval(f"{first}{operator}{second}"))}


def date_arithmetic(random: Random) -> Pair:
    """A long question in which a date and a number of days differ."""
    day, days = date(1970, 1, 1) + timedelta(random.randrange(20_000)), random.randrange(1, 60)
    way, sign = random.choice([("ago", -1), ("from now", 1)])
    question = f"Today is {day:%B} {day.day}, {day.year}. What is the date {days} days {way} in MM/DD/YYYY?"
    return {"question": question, "answer": f"{day + sign * timedelta(days):%m/%d/%Y}"}


def translation(random: Random) -> Pair:
    """One instruction for every sentence."""
    first, verb, second = random.choice(_NOUNS), random.choice(_VERBS), random.choice(_NOUNS)
    backwards = " ".join(word[::-1] for word in ("the", first, verb, "the", second))
    return {"question": f"Translate the following sentence: The {first} {verb} the {second}.", "answer": backwards}


def classification(random: Random) -> Pair:
    """A fixed instruction, a short message and one of six labels."""
    words = " ".join(random.choice(_NOUNS + _VERBS) for _ in range(random.randrange(3, 8)))
    return {"question": f"{_INSTRUCTION}{words}", "answer": random.choice(_LABELS)}


def verbose_classification(random: Random) -> Pair:
    """Classification whose label is a sentence."""
    record = classification(random)
    return {**record, "answer": f"The message of this customer belongs to the department for {record['answer']}."}


def swapped_objects(random: Random) -> Pair:
    """Three people swap objects: all words are those of the template, only their order differs."""
    people = ["Alice", "Bob", "Claire"]
    swaps = " Then ".join(
        " and ".join(random.sample(people, 2)) + " swap balls." for _ in range(random.randrange(3, 7))
    )
    question = (
        f"Alice has a red ball, Bob a blue one and Claire a green one. {swaps} Which ball has {random.choice(people)}?"
    )
    return {"question": question, "answer": random.choice(["The red one.", "The blue one.", "The green one."])}


TASKS: tuple[Callable[[Random], Pair], ...] = (
    boolean_logic,
    bracket_matching,
    arithmetic,
    date_arithmetic,
    translation,
    classification,
    verbose_classification,
    swapped_objects,
)


def records(task: Callable[[Random], Pair], count: int, seed: int = 1) -> list[Pair]:
    """`count` records of different questions."""
    return list(islice(_different(task, Random(seed)), count))


def _different(task: Callable[[Random], Pair], random: Random) -> Iterator[Pair]:
    seen: set[str] = set()
    while True:
        record = task(random)
        if record["question"] not in seen:
            seen.add(record["question"])
            yield record
