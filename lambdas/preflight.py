"""Asks AWS whether the base model can be tuned here and whether the quotas allow it.

Calls: s3:GetObject, kms:Decrypt, bedrock:GetFoundationModel, bedrock:InvokeModel, servicequotas:GetServiceQuota.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, step
from tuner.aws.bedrock import Bedrock
from tuner.aws.converse import Conversation
from tuner.aws.quotas import Quotas
from tuner.preflight import check_run


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> None:
    check_run(Bedrock(), Quotas(), Conversation(), env.folder(event.run_id).manifest(), env.deployment.region)
