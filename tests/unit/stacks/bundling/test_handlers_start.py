"""Every handler starts and answers a first event in Lambda's Python, with nothing but the built package on its path.

The package is the asset of the synthesized template, and the layers' requirements installed for this machine by the
code that installs them for Lambda. Lambda's own runtime interface client runs it (tests/package/runtime.py), in an
environment that has only what Lambda and the template give. AWS refuses everything: a step that reaches it ends with
this project's error for that, and not with one of Python's for a module that is missing.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from stacks.bundling.layer import CHECKOUT, PYTHON
from stacks.checks.limits import LIMITS
from tests.authorization.template import Template
from tests.package import built
from tests.package.runtime import Function, Outcome, Work
from tests.unit.stacks.conftest import Synthesis
from tuner.core.run import run_id
from tuner.evaluation.encoder.files import BuiltEncoder

pytestmark = pytest.mark.slow

_PROGRAM = CHECKOUT / "tests" / "package" / "runtime.py"
_RUN = {"run_id": "a-run"}
_ENDED = {"executionArn": "arn:aws:states:us-east-1:1:execution:tuner-customization:a-run", "name": "a-run"}
_PINNED_RUN = run_id("a", [("training.csv", "0")])
# The first event of each function, where it is not the run's id alone.
_EVENTS: dict[str, Any] = {
    "start_run": {"dataset": "a-dataset"},
    "pin_inputs": {
        "run_id": _PINNED_RUN,
        "dataset": "a",
        "inputs": [{"role": "training", "key": "incoming/a/training.csv", "version_id": "1", "size": 1, "sha256": "0"}],
        "execution_arn": f"arn:aws:states:us-east-1:1:execution:tuner-customization:{_PINNED_RUN}",
        "started_at": "2026-01-01T00:00:00Z",
    },
    "assign_places": {"leaving": {**_RUN, "pool": "preparation", "since": "2026-11-28T12:00:00Z"}},
    "request_approval": {**_RUN, "task_token": "token", "seconds": 60},
    "answer_questions": {**_RUN, "model": "base", "shards": [0], "shard_size": 25},
    "check_batch": {**_RUN, "shard_size": 25},
    "score_answers": {**_RUN, "shard_size": 25},
    "close_run": {"detail": {**_ENDED, "status": "FAILED"}},
    "write_report": {**_RUN, "failure": None},
}
_REFUSED = "AccessDeniedError"
_LAMBDAS_INIT_SECONDS = 10  # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html


@pytest.fixture(scope="session")
def python() -> str:
    if not built.runs_here():
        pytest.skip(f"Lambda's packages run on Linux on x86-64 or ARM, not on {platform.system()} {platform.machine()}")
    found = built.lambda_python()
    if not found:
        pytest.skip(f"no Python {PYTHON}, which the functions run on, is on PATH or among pyenv's and uv's versions")
    return found


@pytest.fixture(scope="session")
def functions(aws: Synthesis) -> list[Function]:
    """The template's functions, with the folders that Lambda would unpack: layers first, as on its path."""
    return [_function(aws, name) for name, entry in aws.functions().items() if "Handler" in entry]


def _function(aws: Synthesis, name: str) -> Function:
    properties = Template(aws.template).resolved(aws.functions()[name])
    step = properties["Handler"].split(".")[1]
    layers = [aws.template["Resources"][entry]["Properties"]["Description"] for entry in properties["Layers"]]
    asset = aws.directory / f"asset.{properties['Code']['S3Key'].removesuffix('.zip')}"
    return Function(
        name=name,
        handler=properties["Handler"],
        memory=properties["MemorySize"],
        environment=properties["Environment"]["Variables"],
        path=[*(str(built.packages(CHECKOUT / text.removeprefix("Packages of "))) for text in layers), str(asset)],
        event=_EVENTS.get(step, _RUN),
    )


def outcomes(python: str, functions: Sequence[Function], compiled: Path) -> list[Outcome]:
    work = Work(python, str(built.packages(built.CLIENT)), str(compiled), list(functions))
    result = subprocess.run(
        [sys.executable, _PROGRAM], input=json.dumps(asdict(work)), capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return [Outcome(**each) for each in json.loads(result.stdout)]


def test_every_function_starts_and_answers_its_first_event(
    aws: Synthesis, python: str, functions: list[Function], tmp_path: Path
) -> None:
    found = outcomes(python, functions, tmp_path)
    assert len(found) == sum("Handler" in entry for entry in aws.functions().values()) > 20
    ends = {each.name: (each.error, each.message, each.stderr) for each in found if each.error != _REFUSED}
    assert not ends
    assert not {each.name: each.cold_seconds for each in found if each.cold_seconds > _LAMBDAS_INIT_SECONDS}


def test_a_package_that_lacks_something_does_not_start(python: str, functions: list[Function], tmp_path: Path) -> None:
    whole = functions[0]
    (nothing,) = outcomes(python, [replace(whole, path=[str(tmp_path), whole.path[-1]])], tmp_path)
    assert (nothing.started, nothing.error) == (False, "Runtime.ImportModuleError")


def test_the_scoring_package_scores_as_this_environment_does(python: str, functions: list[Function]) -> None:
    """Every local metric, with what only the layers have: NumPy, ONNX Runtime, tokenizers, sacrebleu."""
    (scoring,) = [each for each in functions if each.name == "tuner-score-answers"]
    environment = {"PYTHONPATH": os.pathsep.join(scoring.path)}
    command = ["-c", _SCORES, str(BuiltEncoder().folder())]
    there = subprocess.run([python, "-s", *command], env=environment, capture_output=True, text=True, check=False)
    assert there.returncode == 0, there.stderr
    here = subprocess.run([sys.executable, *command], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    expected = json.loads(here.stdout)
    assert json.loads(there.stdout) == {name: pytest.approx(value, abs=1e-5) for name, value in expected.items()}
    assert {"bertscore_f1", "rouge_l", "bleu"} <= set(expected)


_SCORES = """
import json, sys
from tuner.evaluation.encoder.files import BuiltEncoder
from tuner.evaluation.grading.graded_items import GradedItem
from tuner.evaluation.metrics import ScoringContext, chosen
from tuner.evaluation.grading.grades import grade
from tuner.evaluation.scores import summarize
sample = GradedItem("a", "What?", "An agent calls tools.", {"base": "Agents call tools.", "tuned": "A bed."})
metrics = chosen(["bertscore", "rouge", "bleu", "token_f1"])
made = summarize(grade([sample] * 8, metrics, ScoringContext(encoder=BuiltEncoder(sys.argv[1]))))
print(json.dumps({name: scores.difference for name, scores in made.metrics.items()}))
"""


def test_code_and_layers_fit_into_a_function(functions: list[Function]) -> None:
    size = cache(built.size)
    sizes = {each.name: sum(size(Path(folder)) for folder in each.path) for each in functions}
    assert not {name: found for name, found in sizes.items() if not 2**20 < found <= LIMITS["function.package"].most}
