"""Further permission checks for requests, and checks of the roles that services assume.

MiniStack authorizes each request once, for one action on one resource. AWS checks more for some requests, such as a KMS
key, a passed role or several resources, and it checks the roles that its services assume. The patches name these
checks. MiniStack's own policy evaluator decides: it knows identity policies, permissions boundaries, session policies,
resource policies and key policies.
"""

import json
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ministack.app
from ministack.core import iam_actions, iam_evaluator, responses
from ministack.core.iam_evaluator import AuthError, EvalContext, EvalResult, PrincipalInfo
from ministack.core.router import extract_access_key_id
from ministack.services import iam

Response = tuple[int, dict[str, str], bytes]
Query = Mapping[str, Sequence[str]]
Handler = Callable[[str, str, dict[str, str], bytes, Query], Awaitable[Response]]


@dataclass(frozen=True)
class Check:
    """A permission that a request needs: an IAM action, the ARN of its resource, and condition keys in lower case."""

    action: str
    resource: str = "*"
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """A request as a MiniStack handler receives it. The path is decoded; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    query: Query


def guard(service: str, checks: Callable[[Request], Iterable[Check]]) -> None:
    """Puts further checks in front of a service. The first check that fails is answered with AWS's AccessDenied."""
    handler: Handler = ministack.app.SERVICE_HANDLERS[service]

    async def guarded(method: str, path: str, headers: dict[str, str], body: bytes, query: Query) -> Response:
        for check in checks(Request(method, path, headers, body, query)):
            denial = _caller_denial(headers, query, check)
            if denial:
                return _access_denied(service, headers, check, denial)
        return await handler(method, path, headers, body, query)

    ministack.app.SERVICE_HANDLERS[service] = guarded


def policy_allows(policy: Any, service: str, action: str, resource: str, source_arn: str) -> bool:
    """Whether the policy of a resource lets a service, such as `events.amazonaws.com`, act on it for `source_arn`."""
    context = EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource,
        region=responses.get_region(),
        secure_transport=True,
        service_context={"aws:sourcearn": source_arn, "aws:sourceaccount": responses.get_account_id()},
    )
    return bool(iam_evaluator.evaluate_resource_policy(policy, context, service=service).decision == "Allow")


def role_denial(role_arn: str, session: str, check: Check) -> str | None:
    """AWS's denial message if a role that a service has assumed lacks a permission, or None if it has it."""
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    principal = PrincipalInfo(
        arn=f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
        type="AssumedRole",
        account=account,
        policies=iam_evaluator._gather_role_policies(name, account),
        limits=_boundary(name, account),
    )
    denial = _denial(principal, check)
    return _message(check, denial) if denial else None


def trusts(role_arn: str, service: str, source_arn: str) -> bool:
    """Whether a role's trust policy lets a service, such as `scheduler.amazonaws.com`, assume it for `source_arn`."""
    role = iam._roles.get(role_arn.rsplit("/", 1)[-1])
    if role is None:
        return False
    document = role["AssumeRolePolicyDocument"]
    statements = (json.loads(document) if isinstance(document, str) else document).get("Statement", [])
    context = EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account="",
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region=responses.get_region(),
        service_context={"aws:sourcearn": source_arn, "aws:sourceaccount": responses.get_account_id()},
    )
    return any(
        statement.get("Effect") == "Allow"
        and iam_evaluator._service_principal_matches(statement.get("Principal"), service)
        and iam_evaluator._conditions_met(statement.get("Condition", {}), context)
        for statement in ([statements] if isinstance(statements, dict) else statements)
    )


def _boundary(role_name: str, account: str) -> list[Any]:
    return list(iam_evaluator._permissions_boundary(iam._roles, role_name, account))


def _caller_denial(headers: Mapping[str, str], query: Query, check: Check) -> EvalResult | None:
    """The denial of a caller, or None. MiniStack has verified the signature before it called the handler."""
    key = extract_access_key_id(headers, query)
    # Without a key it is an anonymous S3 request. MiniStack has checked the bucket policy for it.
    if not key:
        return None
    principal = iam_evaluator.resolve_principal(key, responses.get_account_id())
    if isinstance(principal, AuthError):
        return EvalResult("ImplicitDeny", principal_arn=f"access key {key}")
    return _denial(principal, check)


def _denial(principal: PrincipalInfo, check: Check) -> EvalResult | None:
    if principal.policies is None:  # The root user of the account may do everything.
        return None
    context = EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=check.action,
        resource_arn=check.resource,
        region=responses.get_region(),
        service_context={"aws:tagkeys": None, **check.context},
        principal_keys=principal.keys,
    )
    decision = iam_evaluator.evaluate(context, principal.policies, *principal.limits)
    namespace = check.action.split(":")[0]
    resource_policy = iam_evaluator._resource_policy(namespace, check.resource)
    if resource_policy is not None:
        decision = iam_evaluator.combine_resource_policy(
            decision,
            context,
            *resource_policy,
            required=namespace in iam_evaluator._POLICY_REQUIRED,
            limits=tuple(principal.limits),
        )
    if decision.decision == "Allow":
        return None
    decision.principal_arn = principal.arn
    return decision


def _message(check: Check, denial: EvalResult) -> str:
    return str(
        iam_actions.identity_denial_message(
            check.action, denial.principal_arn, check.resource, denial.decision == "Deny"
        )
    )


def _access_denied(service: str, headers: dict[str, str], check: Check, denial: EvalResult) -> Response:
    response: Response = iam_actions.access_denied_response(
        service,
        check.action,
        denial.principal_arn,
        str(uuid.uuid4()),
        message=_message(check, denial),
        headers=headers,
        resource_arn=check.resource,
        explicit_deny=denial.decision == "Deny",
    )
    return response
