"""Assuming a job's service role, as the service `bedrock.amazonaws.com` does it on AWS.

MiniStack's AssumeRole knows no service as a caller, so the trust policy is evaluated here, with MiniStack's own
evaluator and with the two keys that a service adds: `aws:SourceAccount` and `aws:SourceArn`.
"""

from __future__ import annotations

import json
import secrets
import time
from typing import Any

from ministack.core.iam_evaluator import EvalContext, evaluate_trust_policy
from ministack.services import iam, sts

from local.bedrock.account_region import Scope
from local.bedrock.errors import ValidationError
from local.bedrock.jobs.storage import Credentials

SERVICE = "bedrock.amazonaws.com"
SESSION_SECONDS = 12 * 3600


def assume(role_arn: str, scope: Scope, source_arn: str) -> Credentials:
    """Credentials of the role for work on `source_arn` (the job).

    Raises:
        ValidationError: the role does not exist, belongs to another account, or does not trust Bedrock for this job.
    """
    name = role_arn.rsplit("/", 1)[-1]
    account = role_arn.split(":")[4]
    role = iam._roles.get_scoped(account, None, name) if account == scope.account else None
    if role is None or not _trusts(role["AssumeRolePolicyDocument"], role_arn, scope, source_arn):
        raise ValidationError(
            f"Could not assume provided IAM role. Check that {role_arn} exists and that its trust policy allows "
            f"{SERVICE} with aws:SourceAccount {scope.account} and aws:SourceArn {source_arn}."
        )
    return _session(role, scope)


def _trusts(document: str | dict[str, Any], role_arn: str, scope: Scope, source_arn: str) -> bool:
    policy = json.loads(document) if isinstance(document, str) else document
    statements = policy.get("Statement", [])
    statements = [statements] if isinstance(statements, dict) else statements
    # The evaluator matches AWS principals only: statements about this service are put to it as about anyone.
    ours = [statement | {"Principal": "*"} for statement in statements if _names_service(statement.get("Principal"))]
    context = EvalContext(
        principal_arn=SERVICE,
        principal_type="Service",
        principal_account=scope.account,
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region=scope.region,
        service_context={"aws:sourceaccount": scope.account, "aws:sourcearn": source_arn},
    )
    return bool(evaluate_trust_policy({"Statement": ours}, SERVICE, context))


def _names_service(principal: Any) -> bool:
    if principal == "*":
        return True
    services = principal.get("Service", []) if isinstance(principal, dict) else []
    return SERVICE in ([services] if isinstance(services, str) else services)


def _session(role: dict[str, Any], scope: Scope) -> Credentials:
    credentials = Credentials(
        access_key=f"ASIA{secrets.token_hex(8).upper()}",
        secret_key=secrets.token_urlsafe(30),
        token=secrets.token_urlsafe(64),
    )
    session_name = f"bedrock-{secrets.token_hex(4)}"
    sts.register_session(
        credentials.access_key,
        {
            "Arn": f"arn:aws:sts::{scope.account}:assumed-role/{role['RoleName']}/{session_name}",
            "UserId": f"{role['RoleId']}:{session_name}",
            "SecretAccessKey": credentials.secret_key,
            "SessionToken": credentials.token,
            "Expiration": time.time() + SESSION_SECONDS,
            "AccountId": scope.account,
            "PrincipalType": "AssumedRole",
        },
    )
    return credentials
