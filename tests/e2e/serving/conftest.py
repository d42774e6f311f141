"""These tests have a cloud of their own, so that they run beside those of the folder above."""

import pytest


@pytest.fixture(scope="session")
def group():
    return "serving"
