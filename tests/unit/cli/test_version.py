"""The version is written once, in tuner/__init__.py. A run's record of it is tested in tests/unit/intake."""

import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.unit.cli.fake_aws import Tuner
from tuner import __version__


@pytest.mark.parametrize("call", ["--version", "version"])
def test_the_command_line_prints_the_version(tuner: Tuner, call: str) -> None:
    outcome = tuner(call)
    assert (outcome.status, outcome.out) == (0, f"{__version__}\n")


def test_the_project_file_reads_the_version_from_the_package() -> None:
    document = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8"))
    assert "version" not in document["project"]
    assert document["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "tuner.__version__"}


def test_the_installed_package_has_the_same_version() -> None:
    assert version("bedrock-tuner") == __version__, "the package was installed before a change: run 'make setup'"
