"""Asks a contestant some shards of the evaluation questions, at its own endpoint."""

from __future__ import annotations

from collections.abc import Sequence

from tuner.artifacts.evaluation.contestants import MAIN, Contestant
from tuner.artifacts.manifest import Manifest
from tuner.artifacts.serving import EndpointRecord
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.errors import EndpointFailedError, RetryableError
from tuner.costs.allotments import Allotments
from tuner.serving.inference import GuardShard, Inference, ModelClient, Shard
from tuner.serving.purchase import is_new


def answer_shards(
    client: ModelClient,
    folder: RunFolder,
    manifest: Manifest,
    contestant: Contestant,
    shards: Sequence[int],
    size: int,
    concurrency: int,
) -> tuple[int, int]:
    """Asks the questions that have no answer yet. Returns how many were answered, and how many failed.

    Raises RetryableError when the runtime does not know an endpoint yet that came into service a moment ago.
    """
    record = folder.load(EndpointRecord) if contestant.asks_tuned else None
    endpoint = record.arn if record else contestant.model or manifest.base_endpoint
    allotments = Allotments.of(folder, manifest)
    inference = Inference(client, endpoint, manifest.for_contestant(contestant), concurrency, allotments.answers)
    began, samples = inference.clock(), manifest.settings.evaluation.samples
    try:
        answered, failed = inference.run(*(Shard(folder, contestant, number, size, samples) for number in shards))
        # One of the invocations asks the guard questions too.
        if manifest.asks_guard and contestant.name in MAIN and 0 in shards:
            guard = inference.run_guard(GuardShard.of(folder, contestant), allotments.guard, began)
            answered, failed = answered + guard[0], failed + guard[1]
    except EndpointFailedError as error:
        # Bedrock's runtime learns of a new endpoint later than the control plane.
        if record and is_new(record):
            raise RetryableError(f"{error} It came into service a moment ago, so it is asked again.") from error
        raise
    return answered, failed
