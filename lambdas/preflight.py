"""Checks that the base models can be tuned, that scorer and judge answer, and that the quotas allow the run.

Before it sends test requests, it reserves what they cost at most in the ledger of spending. Where this would pass a
ceiling of the month, it pays for none, and the run waits for a person.
With `scorers` in the deployment's settings, it may invoke these functions too. Without, the role has no such grant.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, bedrock:GetFoundationModel,
bedrock:InvokeModel, servicequotas:GetServiceQuota, servicequotas:ListServiceQuotas, dynamodb:GetItem, dynamodb:PutItem,
dynamodb:UpdateItem. For a judge that
is sold in AWS Marketplace, it also checks the account's subscription.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, StepResult, step
from tuner.aws.bedrock.control_plane import Bedrock
from tuner.aws.bedrock.converse import ConverseClient
from tuner.aws.bedrock.model_access import model_access
from tuner.aws.bedrock.tool_call import fill_in_tool
from tuner.aws.dynamodb.ledger_table import LedgerTable
from tuner.aws.quotas import Quotas
from tuner.aws.scoring_functions import call_function
from tuner.core.times import now
from tuner.costs.ledger.reservation import reserve_tests
from tuner.preflight import check_run
from tuner.settings import InferenceSettings


class Checked(StepResult):
    """How many warnings there are, and the account's quota of customization jobs in progress, if it is known."""

    warnings: int
    customization_jobs: float | None


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> Checked:
    """Raises an error of the class RunRefusedError when the run cannot succeed."""
    folder = env.open_folder(event.run_id)
    manifest, region = folder.manifest(), env.deployment.region
    bedrock, quotas, client = Bedrock(), Quotas(), ConverseClient()

    def count_tokens(endpoint: str, text: str) -> int:
        return client.ask(endpoint, text, None, InferenceSettings(max_tokens=1)).input_tokens

    ceiling = reserve_tests(LedgerTable(env.state_table), event.run_id, manifest, env.deployment, now())
    found = check_run(
        bedrock, quotas, fill_in_tool, model_access, call_function, count_tokens, manifest, region, ceiling
    )
    folder.save(found)
    return Checked(warnings=len(found.warnings), customization_jobs=found.customization_jobs)
