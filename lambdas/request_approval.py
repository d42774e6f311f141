"""Asks a person whether the run may spend its estimated cost. The state machine waits for the answer with a task token.

Calls: s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, sns:Publish, states:DescribeExecution.
"""

from __future__ import annotations

from pydantic import ConfigDict, Field, SecretStr

from lambdas.step import Environment, RunEvent, logger, step
from tuner import approval
from tuner.aws.executions import Executions
from tuner.aws.notifications import notify
from tuner.core.times import now


class ApprovalEvent(RunEvent):
    """The task token, and how many seconds the state machine waits. Validation errors do not show the token.

    `again`: a person has approved a smaller worst case of this run.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    task_token: SecretStr
    seconds: float = Field(gt=0)
    again: bool = False


@step(ApprovalEvent)
def handler(event: ApprovalEvent, env: Environment) -> None:
    """Writes the token into the run's folder, and publishes the cost, how to answer, and the deadline."""
    # A Lambda function continues when its execution is stopped. Nobody has to answer then.
    if Executions(env.state_machine_arn).status(event.run_id) != "RUNNING":
        logger.info("The execution has ended: nobody is asked")
        return
    folder = env.folder(event.run_id)
    subject, text = approval.request_approval(folder, event.task_token, event.seconds, now(), event.again)
    notify(env.topic_arn, subject, text, {"status": "WAITING_FOR_APPROVAL", "run_id": event.run_id})
