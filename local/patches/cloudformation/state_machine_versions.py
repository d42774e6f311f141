"""Versions and aliases of a state machine in templates. MiniStack has them, but not their CloudFormation resources.

AWS::StepFunctions::StateMachineVersion publishes a version when it is created, and is replaced when its revision id
changes. AWS::StepFunctions::StateMachineAlias points to versions, and can be changed. The reference to either is its
ARN.

MiniStack runs an execution that was started through an alias with the newest definition of the state machine. This
differs from AWS only between the update of the state machine and that of the alias, in the same deployment.
"""

import json
from typing import Any

from ministack.services import stepfunctions
from ministack.services.cloudformation import provisioners

_VERSION, _ALIAS = "AWS::StepFunctions::StateMachineVersion", "AWS::StepFunctions::StateMachineAlias"


def install() -> None:
    """Adds the handlers of both resources."""
    provisioners._RESOURCE_HANDLERS[_VERSION] = {
        "create": _create_version,
        "update": _update_version,
        "delete": _delete_version,
    }
    provisioners._RESOURCE_HANDLERS[_ALIAS] = {
        "create": _create_alias,
        "update": _update_alias,
        "delete": _delete_alias,
    }


def _create_version(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
    request = {"stateMachineArn": properties["StateMachineArn"], "revisionId": properties.get("StateMachineRevisionId")}
    arn = _answer(_VERSION, stepfunctions._publish_state_machine_version(request))["stateMachineVersionArn"]
    return arn, {"Arn": arn}


def _update_version(
    physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str
) -> tuple[str, dict[str, Any]]:
    if old == new:
        return physical_id, {"Arn": physical_id}
    return _create_version("", new, stack)


def _delete_version(physical_id: str, properties: dict[str, Any]) -> None:
    _answer(_VERSION, stepfunctions._delete_state_machine_version({"stateMachineVersionArn": physical_id}))


def _create_alias(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
    request = {"name": properties["Name"], "routingConfiguration": _routing(properties)}
    arn = _answer(_ALIAS, stepfunctions._create_state_machine_alias(request))["stateMachineAliasArn"]
    return arn, {"Arn": arn}


def _update_alias(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
    request = {"stateMachineAliasArn": physical_id, "routingConfiguration": _routing(new)}
    _answer(_ALIAS, stepfunctions._update_state_machine_alias(request))
    return physical_id, {"Arn": physical_id}


def _delete_alias(physical_id: str, properties: dict[str, Any]) -> None:
    _answer(_ALIAS, stepfunctions._delete_state_machine_alias({"stateMachineAliasArn": physical_id}))


def _routing(properties: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"stateMachineVersionArn": entry["StateMachineVersionArn"], "weight": int(entry["Weight"])}
        for entry in properties["RoutingConfiguration"]
    ]


def _answer(kind: str, response: tuple[int, Any, bytes]) -> dict[str, Any]:
    """The document of Step Functions' answer. Raises ValueError, as MiniStack's handlers do, when it is an error."""
    status, _, body = response
    if status >= 400:
        raise ValueError(f"{kind}: {body.decode()}")
    document: dict[str, Any] = json.loads(body or b"{}")
    return document
