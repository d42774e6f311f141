"""The calls of the tests of this folder, decided by a second policy evaluator. These tests run last."""

import pytest

from tests.e2e.second_evaluator import SecondEvaluator


@pytest.mark.e2e
class TestCalls(SecondEvaluator):
    """What all tests before these asked for."""
