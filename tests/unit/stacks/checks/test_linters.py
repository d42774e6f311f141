"""Tests that cdk-nag and cfn-lint accept the template, and that they report a planted error."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_sqs as sqs

import app
from stacks.checks.suppressions import ACCEPTED
from tests.unit.stacks.conftest import Synthesis

# What the CDK writes into every template: joins where Fn::Sub would do, and dependencies that are implied.
_LINTED = {"regions": ["us-east-1"], "include_checks": ["I"], "ignore_checks": ["I1022", "W3005"]}
# A Task may compute its timeout with JSONata (https://states-language.net/#task-state); cfn-lint's schema lags behind.
_JSONATA_TIMEOUT = re.compile(r"^'\{%.*%\}' is not of type 'number' at '.*/TimeoutSeconds'$")


@pytest.mark.slow
@pytest.mark.parametrize("target", ["aws", "local"])
def test_cdk_nag_finds_nothing_that_is_not_accepted(target: str, request: pytest.FixtureRequest) -> None:
    synthesis: Synthesis = request.getfixturevalue(target)
    assert synthesis.report["pluginReports"] == []


def test_wrong_settings_end_synthesis_with_their_message(monkeypatch: pytest.MonkeyPatch) -> None:
    node = SimpleNamespace(get_all_context=lambda: {"bugdet_usd": "3"})
    monkeypatch.setattr(app, "App", lambda: SimpleNamespace(node=node))
    with pytest.raises(SystemExit, match="Did you mean 'budget_usd'"):
        app.main()


def test_a_finding_that_nobody_accepted_fails_the_synthesis(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def queue_without_a_dead_letter_queue(scope: App, _: object) -> None:
        sqs.Queue(Stack(scope, "Stack"), "Queue", enforce_ssl=True)

    monkeypatch.setattr(app, "BedrockTuner", queue_without_a_dead_letter_queue)
    monkeypatch.setenv("CDK_OUTDIR", str(tmp_path))
    with pytest.raises(RuntimeError, match="AwsSolutions-SQS3"):
        app.main()


def test_every_accepted_finding_has_a_reason() -> None:
    assert all(len(reason) > 40 for reason in ACCEPTED.values())


def lint_findings(template: dict[str, Any]) -> list[str]:
    from cfnlint.api import ManualArgs, lint  # seconds

    found = lint(json.dumps(template), config=ManualArgs(**_LINTED))
    return [
        f"{match.rule.id} {'/'.join(map(str, match.path or ()))}: {match.message}"
        for match in found
        if not _JSONATA_TIMEOUT.search(match.message)
    ]


def test_cfn_lint_finds_nothing(aws: Synthesis) -> None:
    """The laptop's template is the same but for how functions are packaged."""
    assert lint_findings(aws.template) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [('"Type":"Wait"', '"Type":"Await"'), ('"Items":', '"Itmes":')],
)
def test_cfn_lint_looks_into_the_state_machine(aws: Synthesis, right: str, wrong: str) -> None:
    ((name, machine),) = aws.of_type("AWS::StepFunctions::StateMachine").items()
    definition = machine["Properties"]["DefinitionString"]
    assert right in definition
    properties = {"RoleArn": "arn:aws:iam::123456789012:role/any", "DefinitionString": definition.replace(right, wrong)}
    broken = {name: {"Type": machine["Type"], "Properties": properties}}
    assert any(finding.startswith("E3601") for finding in lint_findings({"Resources": broken}))
