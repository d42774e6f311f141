"""Limits of a new AWS account that MiniStack does not enforce.

- Concurrent executions of functions: 10 ("Lambda quotas"). MiniStack's own limit depends on the machine's memory.
- A function's memory: 3,008 MB. Its timeout: 900 s. Its environment variables: 4 KB as JSON.
- Policies of a role, without white space: 10,240 characters of inline policies, 6,144 of a managed policy and 2,048 of
  the trust policy ("IAM and AWS STS quotas").
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import iam, lambda_svc
from ministack.services.cloudformation import provisioners

from local.patches.settings import patch_settings

TIMEOUT_SECONDS, ENVIRONMENT_BYTES = 900, 4096
INLINE, MANAGED, TRUST = 10_240, 6_144, 2_048

Properties = Mapping[str, Any]
Refusal = Callable[[Properties], str | None]


def install() -> None:
    """Refuses resources beyond the limits in Lambda's API and in CloudFormation. Throttles concurrent executions."""
    lambda_svc._ACCOUNT_CONCURRENCY_CAP = patch_settings().concurrency
    lambda_svc._throttle_response = _named(lambda_svc._throttle_response)
    for function, position in (("_create_function", 0), ("_update_config", 1)):
        setattr(lambda_svc, function, _refusing(getattr(lambda_svc, function), position))
    # The handlers of CloudFormation get the properties as the second argument of a creation, the third of an update.
    for kind, refusal in _REFUSALS.items():
        handlers = provisioners._RESOURCE_HANDLERS[kind]
        handlers["create"] = _raising(handlers["create"], refusal, position=1)
        handlers["update"] = _raising(handlers["update"], refusal, position=2)


def _named(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Names throttling `Lambda.` and the error's name in Step Functions, as AWS does. MiniStack uses Lambda.Unknown."""

    def response(*arguments: Any, **rest: Any) -> dict[str, Any]:
        result = original(*arguments, **rest)
        result["body"] |= {"errorType": f"Lambda.{result['body']['__type']}", "errorMessage": result["body"]["message"]}
        return result

    return response


def _refusing(original: Callable[..., Any], position: int) -> Callable[..., Any]:
    def answer(*arguments: Any) -> Any:
        reason = function_refusal(arguments[position])
        if reason:
            return error_response_json("InvalidParameterValueException", reason, 400)
        return original(*arguments)

    return answer


def _raising(original: Callable[..., Any], refusal: Refusal, position: int) -> Callable[..., Any]:
    def provision(*arguments: Any) -> Any:
        reason = refusal(arguments[position])
        if reason:
            raise ValueError(reason)
        return original(*arguments)

    return provision


def function_refusal(properties: Properties) -> str | None:
    """Lambda's error message for a function with these properties, or None if it accepts them."""
    for name, limit in (("MemorySize", patch_settings().memory), ("Timeout", TIMEOUT_SECONDS)):
        if int(properties.get(name, 0)) > limit:
            return f"'{name}' value failed to satisfy constraint: Member must have value less than or equal to {limit}"
    variables = (properties.get("Environment") or {}).get("Variables") or {}
    size = len(_compact(variables).encode())
    if size > ENVIRONMENT_BYTES:
        return (
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the 4KB limit. They have {size} bytes."
        )
    return None


def role_refusal(properties: Properties) -> str | None:
    """IAM's error message for a role with these properties, or None."""
    if _size(properties.get("AssumeRolePolicyDocument", {})) > TRUST:
        return f"Cannot exceed quota for ACLSizePerRole: {TRUST}"
    return _inline_refusal(policy["PolicyDocument"] for policy in properties.get("Policies", ()))


def attached_refusal(properties: Properties) -> str | None:
    """IAM's error message for attaching an inline policy to its roles, or None. The quota counts all of a role's."""
    name, document = properties.get("PolicyName"), properties["PolicyDocument"]
    for role in properties.get("Roles", ()):
        existing = dict((iam._roles.get(role) or {}).get("InlinePolicies", {}))
        reason = _inline_refusal({**existing, name: document}.values())
        if reason:
            return f"{reason} for role {role}"
    return None


def managed_refusal(properties: Properties) -> str | None:
    """IAM's error message for a managed policy with these properties, or None."""
    return f"Cannot exceed quota for PolicySize: {MANAGED}" if _size(properties["PolicyDocument"]) > MANAGED else None


def _inline_refusal(documents: Iterable[Any]) -> str | None:
    return f"Maximum policy size of {INLINE} bytes exceeded" if sum(map(_size, documents)) > INLINE else None


def _size(document: Any) -> int:
    return len(_compact(json.loads(document) if isinstance(document, str) else document))


def _compact(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"))


_REFUSALS: Mapping[str, Refusal] = {
    "AWS::Lambda::Function": function_refusal,
    "AWS::IAM::Role": role_refusal,
    "AWS::IAM::Policy": attached_refusal,
    "AWS::IAM::ManagedPolicy": managed_refusal,
}
