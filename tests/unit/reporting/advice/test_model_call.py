"""How the report says to call the tuned model: it can be copied and run."""

import ast
import json
import shlex
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest

from tests.unit.reporting.sample import MODEL
from tuner.artifacts.report import ModelCall, Report
from tuner.reporting import page
from tuner.reporting.advice.model_call import model_call
from tuner.settings import RunSettings


def called(report: Report, **members: Any) -> ModelCall:
    found = model_call(report.model_copy(update=members))
    assert found is not None
    return found


def kept(report: Report, kind: str) -> ModelCall:
    assert report.serving is not None
    changed = {"kind": kind, "released_at": None, "kept_until": "2026-11-23T20:00:00Z"}
    return called(report, serving=report.serving.model_copy(update=changed))


def test_a_released_endpoint_is_made_again_in_its_own_way(report: Report) -> None:
    found = called(report)
    assert not found.alive
    assert "create-provisioned-model-throughput" in found.serve[0]
    assert MODEL in found.serve[0]
    assert found.endpoint == "PROVISIONED_MODEL_ARN"
    assert "delete-provisioned-model-throughput" in found.release


def test_a_model_that_nothing_served_gets_a_deployment_where_its_family_allows_it(report: Report) -> None:
    found = called(report, serving=None)
    assert "create-custom-model-deployment" in found.serve[0]
    assert "costs nothing while it is not used" in found.sentence


@pytest.mark.parametrize("kind", ["provisioned", "on_demand"])
def test_a_kept_endpoint_is_called_by_its_arn(report: Report, kind: str) -> None:
    found = kept(report, kind)
    assert found.alive
    assert found.serve == ()
    assert report.serving is not None
    assert report.serving.arn in found.python
    assert report.serving.arn in found.cli
    assert "until 2026-11-23 20:00:00 UTC" in found.sentence


def test_throughput_with_a_term_is_preferred(report: Report) -> None:
    assert report.serving is not None
    bought = report.serving.model_copy(update={"arn": "arn:aws:bedrock:::term", "commitment": "OneMonth"})
    assert called(report, commitment=bought).endpoint == "arn:aws:bedrock:::term"


def test_no_model_no_call(report: Report) -> None:
    models = report.models.model_copy(update={"tuned": None})
    assert model_call(report.model_copy(update={"models": models})) is None


@pytest.mark.parametrize("prompt", [None, 'Say "no".\nIt\'s `x` $HOME \\ {{ }} 日本'])
def test_the_program_has_five_lines_and_makes_a_valid_request(
    report: Report, prompt: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = RunSettings(system_prompt=prompt) if prompt else RunSettings()
    found = called(report, settings=settings)
    assert len(found.python.splitlines()) == 5
    ast.parse(found.python)
    seen: dict[str, Any] = {}

    def converse(**request: Any) -> Any:
        seen.update(request)
        return {"output": {"message": {"content": [{"text": "Yes."}]}}}

    client = SimpleNamespace(converse=converse)
    monkeypatch.setattr("boto3.client", lambda service, region_name: client)
    exec(found.python, {})
    assert capsys.readouterr().out == "Yes.\n"
    assert [entry["text"] for entry in seen.get("system", [])] == ([prompt] if prompt else [])
    model = botocore.session.get_session().get_service_model("bedrock-runtime").operation_model("Converse")
    botocore.validate.ParamValidator().validate(seen, model.input_shape)
    assert not botocore.validate.ParamValidator().validate(seen, model.input_shape).has_errors()
    # The shell's command has the same members.
    words = shlex.split(found.cli)
    assert json.loads(words[words.index("--messages") + 1]) == seen["messages"]
    assert json.loads(words[words.index("--inference-config") + 1]) == seen["inferenceConfig"]


@pytest.mark.parametrize("serving", ["on_demand", "provisioned"])
def test_the_commands_are_those_of_the_api(report: Report, serving: str) -> None:
    """Each option of the AWS CLI is a member of the API's request, in another spelling."""
    assert report.serving is not None
    found = called(report, serving=report.serving.model_copy(update={"kind": serving}))
    service = botocore.session.get_session().get_service_model("bedrock")
    names = {botocore.xform_name(name, "-"): name for name in service.operation_names}
    for command in (*found.serve, found.release):
        _, service_name, operation, *options = shlex.split(command)
        assert service_name == "bedrock"
        members = {
            botocore.xform_name(name, "-") for name in service.operation_model(names[operation]).input_shape.members
        }
        given = {option.removeprefix("--") for option in options if option.startswith("--")}
        assert given - members == {"region"} | ({"query"} if operation.startswith("get") else set())


def test_the_page_shows_the_program_escaped(report: Report) -> None:
    question = report.questions[0].model_copy(update={"question": "<script>alert(1)</script>"})
    changed = report.model_copy(update={"questions": (question,)})
    html = page(changed.model_copy(update={"model_call": model_call(changed)}))
    assert "How to call the model" in html
    assert "<script>alert" not in html
