"""Suggestions for a name that is not known."""

from pathlib import Path

import pytest

from tests.unit.architecture.import_graph import PACKAGES, ROOT
from tuner.core.wording import VERY_SIMILAR, did_you_mean, nearest_name, unknown_name

NAMES = ["epochCount", "learningRate", "batchSize"]


@pytest.mark.parametrize("name", ["learning_rate", "LEARNINGRATE", " learningrate", "learnigRate"])
def test_the_nearest_name_does_not_depend_on_case_and_spaces(name: str) -> None:
    assert nearest_name(name, NAMES) == "learningRate"
    assert did_you_mean(name, NAMES) == "Did you mean 'learningRate'?"


def test_without_a_similar_name_all_are_listed() -> None:
    assert nearest_name("warmup", NAMES) is None
    assert did_you_mean("warmup", NAMES) == "Valid: epochCount, learningRate, batchSize."
    assert did_you_mean("warmup", NAMES, otherwise="") == ""


def test_names_that_differ_little_need_more_similarity() -> None:
    regions = ["us-east-1", "us-west-2"]
    assert nearest_name("us-est-1", regions, VERY_SIMILAR) == "us-east-1"
    assert nearest_name("eu-test-9", regions) and not nearest_name("eu-test-9", regions, VERY_SIMILAR)


def test_a_long_name_takes_no_long_time() -> None:
    assert nearest_name("batchSize" * 100_000, NAMES) is None


def test_an_unknown_name_in_a_sentence() -> None:
    assert unknown_name("metric", "rogue", ["rouge"]) == "there is no metric 'rogue'; did you mean 'rouge'"
    assert unknown_name("metric", "x", ["rouge"], "or none") == "there is no metric 'x'; there are: rouge, or none"


def test_only_this_module_looks_for_similar_names() -> None:
    users = [
        path
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if "get_close_matches" in path.read_text("utf-8")
    ]
    assert users == [ROOT / Path("tuner/core/wording.py")]
