"""Time and memory of every reader grow no faster than the input, for the inputs that readers were slow for."""

import pytest

from tests.fuzz import growth
from tests.fuzz.growth import READERS, problem_of
from tests.fuzz.hostile_inputs import FOUND_BEFORE, WORDS, Hostile

_SIZE = 2**14


@pytest.mark.slow
@pytest.mark.parametrize("hostile", FOUND_BEFORE, ids=lambda hostile: f"{hostile.reader}-{hostile.part[:20]!r}")
@pytest.mark.thorough
def test_four_times_the_size_takes_about_four_times_as_much(hostile: Hostile) -> None:
    assert problem_of(hostile, _SIZE) is None


@pytest.mark.slow
def test_a_reader_whose_time_grows_with_the_square_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def quadratic(data: bytes) -> None:
        for _ in range(len(data) // 16):
            data.count(b"y")

    monkeypatch.setitem(READERS, "txt", quadratic)
    problem = problem_of(Hostile("txt", "x"), _SIZE)
    assert problem and "times as long" in problem


def test_a_reader_whose_memory_grows_with_the_square_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(READERS, "txt", lambda data: bytearray(len(data) ** 2 // 2**6))
    monkeypatch.setattr(growth, "MOST_TIMES", 10_000.0)
    problem = problem_of(Hostile("txt", "x"), _SIZE)
    assert problem and "times the memory" in problem


def test_every_reader_has_known_inputs_and_words() -> None:
    assert {hostile.reader for hostile in FOUND_BEFORE} - {"tsv"} == set(READERS) - {"tsv"}
    assert WORDS.keys() == READERS.keys()
