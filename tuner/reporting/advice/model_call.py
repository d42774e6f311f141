"""Shows how the tuned model is called, and what to create first when nothing serves it."""

from __future__ import annotations

import json
import re
import shlex

from tuner import catalog
from tuner.artifacts.report import ModelCall, Report
from tuner.artifacts.serving import EndpointDetails, EndpointKind
from tuner.core.strict_model import Json, JsonObject
from tuner.reporting.formatting import timestamp

# A longer question of the dataset would hide the program around it.
_LONGEST_QUESTION = 120
_PLACEHOLDERS: dict[EndpointKind, str] = {
    "on_demand": "CUSTOM_MODEL_DEPLOYMENT_ARN",
    "provisioned": "PROVISIONED_MODEL_ARN",
}

_LOCAL = ' On the local cloud, first run eval "$(tuner local env)" in the shell.'


def model_call(report: Report) -> ModelCall | None:
    """How to call the report's tuned model. None without one."""
    model = report.models.tuned
    if model is None or model.arn is None:
        return None
    endpoint = _alive(report)
    kind = endpoint.kind if endpoint else _kind(report)
    target = endpoint.arn if endpoint else _PLACEHOLDERS[kind]
    region = _region(model.arn)
    request = _request(report)
    return ModelCall(
        alive=endpoint is not None,
        sentence=_sentence(endpoint, kind) + (_LOCAL if report.models.base and report.models.base.stand_in else ""),
        serve=() if endpoint else _serve(report, kind, model.arn, region),
        endpoint=target,
        python=_python(request, target, region),
        cli=_cli(request, target, region),
        release=_release(kind, target, region),
    )


def _region(arn: str) -> str:
    """The Region that an ARN names: `arn:aws:bedrock:us-east-1:...`."""
    parts = arn.split(":")
    return parts[3] if len(parts) > 3 else "REGION"


def _alive(report: Report) -> EndpointDetails | None:
    """The endpoint that serves the model after the run: the one with a term first, which is paid for anyway."""
    kept = report.serving if report.serving and report.serving.kept_until and not report.serving.released_at else None
    return report.commitment or kept


def _kind(report: Report) -> EndpointKind:
    """The way of serving of the run; without one, the one that costs nothing while it is not used, where possible."""
    if report.serving:
        return report.serving.kind
    base = report.models.base
    on_demand = base is not None and base.id is not None and catalog.family_of(base.id).on_demand_deployment
    return "on_demand" if on_demand else "provisioned"


def _sentence(endpoint: EndpointDetails | None, kind: EndpointKind) -> str:
    if endpoint and endpoint.commitment:
        return f"Provisioned throughput with the term {endpoint.commitment} serves the model."
    if endpoint:
        until = timestamp(endpoint.kept_until)
        name = "A custom model deployment" if kind == "on_demand" else "Provisioned throughput"
        return f"{name} serves the model until {until}."
    if kind == "on_demand":
        return (
            "Nothing serves the model now. A custom model deployment is ready in some minutes and costs nothing while "
            "it is not used; answers are paid by the token."
        )
    return (
        "Nothing serves the model now. Provisioned throughput takes about 20 minutes and is paid by the hour until "
        "you delete it. With 'keep_hours' in run.yaml, a run keeps its own."
    )


def _serve(report: Report, kind: EndpointKind, model: str, region: str) -> tuple[str, ...]:
    """Commands that create an endpoint, and that show when it is ready.

    It has no tag of the deployment, so neither a release nor the hourly sweep deletes it.
    """
    name = re.sub(r"[^a-zA-Z0-9-]+", "-", f"{report.dataset or 'tuned'}-live").strip("-")[:63]
    if kind == "on_demand":
        return (
            _aws(
                "bedrock create-custom-model-deployment",
                f"--model-deployment-name {name}",
                f"--model-arn {model}",
                f"--region {region}",
            ),
            _aws(
                "bedrock get-custom-model-deployment",
                f"--custom-model-deployment-identifier {name}",
                f"--region {region}",
                "--query '[status, customModelDeploymentArn]'",
            ),
        )
    units = report.serving.model_units if report.serving and report.serving.model_units else 1
    return (
        _aws(
            "bedrock create-provisioned-model-throughput",
            f"--provisioned-model-name {name}",
            f"--model-id {model}",
            f"--model-units {units}",
            f"--region {region}",
        ),
        _aws(
            "bedrock get-provisioned-model-throughput",
            f"--provisioned-model-id {name}",
            f"--region {region}",
            "--query '[status, provisionedModelArn]'",
        ),
    )


def _release(kind: EndpointKind, endpoint: str, region: str) -> str:
    if kind == "on_demand":
        options = ("bedrock delete-custom-model-deployment", f"--custom-model-deployment-identifier {endpoint}")
    else:
        options = ("bedrock delete-provisioned-model-throughput", f"--provisioned-model-id {endpoint}")
    return _aws(*options, f"--region {region}")


def _aws(operation: str, *options: str) -> str:
    """A command of the AWS CLI with an option on each line: a browser breaks a long line within an option."""
    return " \\\n  ".join((f"aws {operation}", *options))


def _request(report: Report) -> JsonObject:
    """The members of the request, as the run asked its own questions: system prompt and inference parameters."""
    asked = report.questions[0].question if report.questions else ""
    question = asked if 0 < len(asked) <= _LONGEST_QUESTION and asked.isprintable() else "Your question"
    request: dict[str, Json] = {"messages": [{"role": "user", "content": [{"text": question}]}]}
    if report.settings:
        if report.settings.system_prompt:
            request["system"] = [{"text": report.settings.system_prompt}]
        inference = report.settings.inference
        sampling = {} if inference.temperature is None else {"temperature": inference.temperature}
        request["inferenceConfig"] = {"maxTokens": inference.max_tokens, **sampling}
    return request


def _python(request: JsonObject, endpoint: str, region: str) -> str:
    # The literals are Python too: JSON's true, false and null do not occur, and repr escapes every text.
    members = {name: value for name, value in request.items() if name != "messages"}
    return "\n".join(
        (
            "import boto3",
            f'bedrock = boto3.client("bedrock-runtime", region_name="{region}")',
            f"request = { ({'modelId': endpoint} | members)!r}",
            f"reply = bedrock.converse(messages={request['messages']!r}, **request)",
            'print(reply["output"]["message"]["content"][0]["text"])',
        )
    )


def _cli(request: JsonObject, endpoint: str, region: str) -> str:
    options = {"messages": "--messages", "system": "--system", "inferenceConfig": "--inference-config"}
    return _aws(
        "bedrock-runtime converse",
        f"--region {region}",
        f"--model-id {endpoint}",
        *(f"{options[name]} {shlex.quote(json.dumps(value))}" for name, value in request.items()),
        "--query 'output.message.content[0].text' --output text",
    )
