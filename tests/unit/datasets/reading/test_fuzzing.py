"""The properties of the fuzzer hold for its own files, and it detects a wrong reader."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.invariants import DECODED_ELSEWHERE, check
from tests.fuzz.readers import mutated, seeds
from tuner.datasets.reading import json_lines
from tuner.datasets.reading.rows import parsed


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_the_properties_hold_for_the_initial_files(part):
    for data in seeds()[part::4]:
        check(data)


@pytest.mark.slow
def test_the_properties_hold_for_mutated_files():
    rng, known = random.Random(11), [data for data in seeds() if not data[1:].startswith(DECODED_ELSEWHERE)]
    for _ in range(60):
        check(mutated(rng, known))


def test_a_reader_that_loses_a_row_is_detected(monkeypatch):
    monkeypatch.setattr(json_lines, "parsed", lambda data, line: parsed(data.replace(b"part 3", b"part 4"), line))
    with pytest.raises(AssertionError):
        for data in seeds():
            check(data)
