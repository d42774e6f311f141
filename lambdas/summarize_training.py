"""Summarizes the completed customization job: its model, its times and its losses. With candidates, it chooses one.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey,
bedrock:GetModelCustomizationJob.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, step
from tuner.aws.bedrock.control_plane import Bedrock
from tuner.training import candidates, job
from tuner.training.summary import write_summary


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> None:
    """Writes training/summary.json."""
    folder, bedrock = env.folder(event.run_id), Bedrock()
    manifest = folder.manifest()
    if manifest.candidates:
        candidates.write_choice(folder, candidates.progress(bedrock, folder, manifest, env.deployment))
        return
    (only,) = manifest.customizations
    write_summary(folder, only, job.check(bedrock, folder, only))
