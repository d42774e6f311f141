"""Permissions on batch inference jobs: those of the steps, and those of the role that Bedrock assumes for a job."""

from __future__ import annotations

from stacks.permissions import model_arns, network, s3
from stacks.permissions.arns import Arns
from stacks.permissions.grant import Grant, pass_role, tagged_request, tagged_resource
from tuner.artifacts.batch import INPUT, OUTPUT
from tuner.core.artifact_keys import Keys

_PARTS = f"runs/*/{Keys.batch('*')}"


def start_batches(arns: Arns) -> list[Grant]:
    """Starts batch jobs of the models that a run asks, with the deployment's tag, and passes the role to them."""
    job = arns.bedrock("model-invocation-job/*")
    tagged = tagged_request(arns.deployment.name)
    return [
        Grant(
            ("bedrock:CreateModelInvocationJob",),
            # Bedrock authorizes the call on the model, or on an inference profile and its models, and on the job.
            (*model_arns.in_batch(arns), job),
            "asks base model, compared models and judges in a batch job; the job gets its id from Bedrock",
            tagged,
        ),
        Grant(("bedrock:TagResource",), (job,), "tags what it starts", tagged),
        pass_role(arns.batch_role, "bedrock", "gives the job its service role"),
    ]


def describe_batches(arns: Arns) -> list[Grant]:
    """Reads the status of batch jobs."""
    jobs = (arns.bedrock("model-invocation-job/*"),)
    return [Grant(("bedrock:GetModelInvocationJob",), jobs, "asks how the batch job is doing")]


def list_batches(arns: Arns) -> list[Grant]:
    """Lists batch jobs and reads their deployment tags."""
    jobs = (arns.bedrock("model-invocation-job/*"),)
    return [
        Grant(
            ("bedrock:ListModelInvocationJobs",),
            ("*",),
            "finds the batch jobs that no running execution uses; AWS has no narrower resource for lists",
        ),
        Grant(("bedrock:ListTagsForResource",), jobs, "sees by the tag whose a batch job is"),
    ]


def stop_batches(arns: Arns) -> list[Grant]:
    """Stops batch jobs that have the deployment's tag."""
    tagged = tagged_resource(arns.deployment.name)
    jobs = (arns.bedrock("model-invocation-job/*"),)
    return [Grant(("bedrock:StopModelInvocationJob",), jobs, "ends a batch job that no run waits for", tagged)]


def batch_data(arns: Arns) -> list[Grant]:
    """All grants of the service role of batch jobs: reads the requests, asks the models, writes the output.

    https://docs.aws.amazon.com/bedrock/latest/userguide/batch-iam-sr.html
    """
    bucket, output = arns.artifacts_bucket, f"{_PARTS}{OUTPUT}*"
    return [
        Grant(
            ("s3:GetObject",),
            (f"{bucket}/{_PARTS}{INPUT}", f"{bucket}/{output}"),
            "reads the questions, and checks what it wrote",
        ),
        Grant(("s3:PutObject",), (f"{bucket}/{output}",), "writes the answers"),
        s3.list_for_job(arns),
        Grant(("kms:Decrypt", "kms:GenerateDataKey"), (arns.key,), "decrypts the questions, encrypts the answers"),
        Grant(
            ("bedrock:InvokeModel",),
            tuple(model_arns.in_batch(arns)),
            "asks a model through its inference profile, for which the role needs the permission",
        ),
        *network.job_network(arns),
    ]
