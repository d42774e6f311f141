"""Assumes the service role of a job, as the service `bedrock.amazonaws.com` does on AWS.

MiniStack's AssumeRole does not support a service as the caller. So the trust policy is evaluated here, by MiniStack's
policy evaluator and with the two condition keys that a service sets: `aws:SourceAccount` and `aws:SourceArn`.
"""

from __future__ import annotations

import json
import secrets
import time
from typing import Any

from ministack.core.iam_evaluator import EvalContext, evaluate_trust_policy
from ministack.services import iam, sts

from local.bedrock.errors import ValidationError
from local.bedrock.jobs.storage import Credentials
from local.bedrock.state.account_region import AccountRegion

SERVICE = "bedrock.amazonaws.com"
# Longer than any training.
SESSION_SECONDS = 12 * 3600


def assume(role_arn: str, account_region: AccountRegion, source_arn: str) -> Credentials:
    """Credentials of the role for the job `source_arn`.

    Raises:
        ValidationError: the role does not exist, belongs to another account, or does not trust Bedrock for this job.
    """
    name = role_arn.rsplit("/", 1)[-1]
    account = role_arn.split(":")[4]
    role = iam._roles.get_scoped(account, None, name) if account == account_region.account else None
    if role is None or not _trusts(role["AssumeRolePolicyDocument"], role_arn, account_region, source_arn):
        raise ValidationError(
            f"Could not assume provided IAM role. Check that {role_arn} exists and that its trust policy allows "
            f"{SERVICE} with aws:SourceAccount {account_region.account} and aws:SourceArn {source_arn}."
        )
    return _session(role, account_region)


def _trusts(document: str | dict[str, Any], role_arn: str, account_region: AccountRegion, source_arn: str) -> bool:
    policy = json.loads(document) if isinstance(document, str) else document
    statements = policy.get("Statement", [])
    statements = [statements] if isinstance(statements, dict) else statements
    # MiniStack's evaluator matches AWS principals only. So statements for this service are rewritten for everyone.
    for_service = [
        statement | {"Principal": "*"} for statement in statements if _names_service(statement.get("Principal"))
    ]
    context = EvalContext(
        principal_arn=SERVICE,
        principal_type="Service",
        principal_account=account_region.account,
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region=account_region.region,
        service_context={"aws:sourceaccount": account_region.account, "aws:sourcearn": source_arn},
    )
    return bool(evaluate_trust_policy({"Statement": for_service}, SERVICE, context))


def _names_service(principal: Any) -> bool:
    if principal == "*":
        return True
    services = principal.get("Service", []) if isinstance(principal, dict) else []
    return SERVICE in ([services] if isinstance(services, str) else services)


def _session(role: dict[str, Any], account_region: AccountRegion) -> Credentials:
    credentials = Credentials(
        access_key=f"ASIA{secrets.token_hex(8).upper()}",
        secret_key=secrets.token_urlsafe(30),
        token=secrets.token_urlsafe(64),
    )
    session_name = f"bedrock-{secrets.token_hex(4)}"
    # MiniStack then accepts the credentials like those of AssumeRole.
    sts.register_session(
        credentials.access_key,
        {
            "Arn": f"arn:aws:sts::{account_region.account}:assumed-role/{role['RoleName']}/{session_name}",
            "UserId": f"{role['RoleId']}:{session_name}",
            "SecretAccessKey": credentials.secret_key,
            "SessionToken": credentials.token,
            "Expiration": time.time() + SESSION_SECONDS,
            "AccountId": account_region.account,
            "PrincipalType": "AssumedRole",
        },
    )
    return credentials
