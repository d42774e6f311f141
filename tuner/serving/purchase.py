"""Brings the endpoint of a run into service, exactly once, however often a step is retried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tuner.artifacts.evaluation.gate import Gate
from tuner.artifacts.manifest import Manifest
from tuner.artifacts.serving import CommitmentRecord, EndpointRecord
from tuner.artifacts.training import TrainingSummary
from tuner.aws.bedrock.resources import EndpointRequest, PaidResource
from tuner.aws.quotas import MODEL_UNITS
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AwsError, CommitmentNotAllowedError, EndpointFailedError, QuotaError, RetryableError
from tuner.core.resource_names import committed_name, run_tags
from tuner.core.run import again_command
from tuner.core.times import iso, now, seconds_since
from tuner.serving.paid_resources import Endpoints, resources_of
from tuner.settings import Commitment

# Bedrock is eventually consistent: a read may miss what was created a moment ago. An endpoint younger than this that
# cannot be found is not assumed to be gone.
_VISIBLE_SECONDS = 600
# Bedrock's runtime may not know an endpoint for this long after the control plane shows it in service.
_RUNTIME_DELAY_SECONDS = 180
_QUOTA_REMEDIES = {
    "provisioned": "In Service Quotas, service Amazon Bedrock, ask AWS to raise the model units for Provisioned "
    f"Throughput of custom models (without commitment: quota {MODEL_UNITS}). Or set 'serving: on_demand' in run.yaml "
    "where the model allows it.",
    "committed": "In Service Quotas, service Amazon Bedrock, ask AWS to raise the model units for Provisioned "
    "Throughput of custom models with a commitment. The accepted model is kept: buy the term by hand, or run again.",
    "on_demand": "Delete custom model deployments that are no longer used, or ask AWS to raise the quota of custom "
    "model deployments in Service Quotas, service Amazon Bedrock.",
}


def purchase(
    endpoints: Endpoints, folder: RunFolder, manifest: Manifest, deployment: str, expected_seconds: float | None = None
) -> EndpointRecord:
    """Creates the endpoint that the evaluation uses, or finds the one of an earlier attempt, and records it.

    It never has a term, even if the run asks for a commitment: see `commit`. Raises QuotaError with the quota to raise.
    """
    return _once(Purchase(endpoints, folder, manifest, deployment), expected_seconds)


def commit(
    endpoints: Endpoints, folder: RunFolder, manifest: Manifest, deployment: str, allowed: Sequence[Commitment]
) -> EndpointRecord:
    """Buys the throughput with the run's term, once. Nothing can delete it before the term ends.

    Raises CommitmentNotAllowedError unless the gate accepted the model, the run asks for the term and the deployment
    allows it. The deployment may have changed in the hours since the run's settings were checked. Raises QuotaError
    with the quota to raise.
    """
    term = manifest.settings.commitment
    gate = folder.load_if_present(Gate)
    decision = gate.decision if gate else None
    if term is None or term not in allowed or decision != "accepted":
        raise CommitmentNotAllowedError(
            f"The gate's decision is {decision or 'absent'} ({folder.uri(Keys.GATE)}), the run's commitment is "
            f"{term or 'none'}, and the deployment allows {', '.join(allowed) or 'none'}. A term is bought only for an "
            "accepted model, when both the run and the deployment ask for it: nothing was bought."
        )
    return _once(Purchase(endpoints, folder, manifest, deployment, term))


@dataclass(frozen=True, slots=True)
class Purchase:
    """What is bought once, and where it is recorded."""

    endpoints: Endpoints
    folder: RunFolder
    manifest: Manifest
    deployment: str
    term: Commitment | None = None

    @property
    def name(self) -> str:
        """The name. With a term it differs from the hourly endpoint's, which may still exist for a moment."""
        if self.term is None:
            return self.manifest.resource_name
        return committed_name(self.deployment, self.manifest.run_id)

    @property
    def record(self) -> type[EndpointRecord]:
        """The artifact that records the purchase."""
        return CommitmentRecord if self.term else EndpointRecord

    @property
    def units(self) -> int | None:
        """Model units; None for a custom model deployment, which has none."""
        return self.manifest.settings.model_units if self.endpoints.kind == "provisioned" else None

    def find(self) -> PaidResource | None:
        """What an earlier attempt bought, whatever its status, or None."""
        found = resources_of(self.deployment, self.endpoints, self.manifest.run_id)
        return next((endpoint for endpoint in found if endpoint.name == self.name), None)


def _once(wanted: Purchase, expected_seconds: float | None = None) -> EndpointRecord:
    # The record is read first: S3 always shows what was written, but Bedrock's list may miss what was just bought.
    earlier = wanted.folder.load_if_present(wanted.record)
    if earlier and earlier.released_at is None:
        return earlier
    endpoint = wanted.find()
    arn = endpoint.arn if endpoint else _create(wanted)
    record = wanted.record(
        kind=wanted.endpoints.kind,
        arn=arn,
        name=wanted.name,
        model_units=wanted.units,
        commitment=wanted.term,
        created_at=iso(endpoint.created_at if endpoint else now()),
        expected_seconds=expected_seconds,
    )
    # Bedrock may still list an endpoint that was just released: its record stays as it is.
    if earlier and earlier.arn == arn:
        return earlier
    wanted.folder.save(record)
    return record


def check(endpoints: Endpoints, folder: RunFolder) -> tuple[PaidResource, EndpointRecord]:
    """The run's endpoint now, and its record. The first time that it is seen in service is recorded.

    Raises EndpointFailedError with Bedrock's own message, or RetryableError while a young endpoint cannot be seen.
    """
    record = folder.load(EndpointRecord)
    endpoint = endpoints.get(record.arn)
    if endpoint is None and record.released_at is None and seconds_since(record.created_at) < _VISIBLE_SECONDS:
        raise RetryableError(
            f"{record.arn} was created a moment ago and Bedrock does not show it yet. The step tries again for some "
            f"minutes. If somebody deleted the endpoint, run again: {again_command(folder.run_id)}."
        )
    if endpoint is None:
        raise EndpointFailedError(f"{record.arn} {_gone(record, folder.run_id)}")
    if endpoint.status == "Failed":
        reason = endpoint.failure or "Bedrock gives no reason"
        raise EndpointFailedError(f"{record.arn} ended Failed: {reason.rstrip('.')}. See it in the Bedrock console.")
    if endpoint.status == "InService" and record.in_service_at is None:
        record = record.model_copy(update={"in_service_at": iso(now())})
        folder.save(record)
    return endpoint, record


def is_new(record: EndpointRecord) -> bool:
    """Whether the endpoint came into service so recently that Bedrock's runtime may not know it yet."""
    return record.in_service_at is not None and seconds_since(record.in_service_at) < _RUNTIME_DELAY_SECONDS


def _gone(record: EndpointRecord, run_id: str) -> str:
    if record.released_at is None:
        return (
            f"disappeared before it was in service. Somebody may have deleted it. Run again: {again_command(run_id)}."
        )
    return (
        f"was released at {record.released_at}, before it was seen in service: by a person, or because it was older "
        "than the deployment's 'longest_throughput_hours'. Raise that setting, or run again."
    )


def _create(wanted: Purchase) -> str:
    model = wanted.folder.load(TrainingSummary).custom_model_arn
    if model is None:
        raise EndpointFailedError(
            f"{wanted.folder.uri(Keys.TRAINING_SUMMARY)} names no custom model, so there is nothing to serve. "
            f"Run again: {again_command(wanted.folder.run_id)}."
        )
    request = EndpointRequest(
        name=wanted.name,
        custom_model_arn=model,
        model_units=wanted.manifest.settings.model_units,
        commitment=wanted.term,
        tags=run_tags(wanted.deployment, wanted.manifest.run_id),
    )
    try:
        return wanted.endpoints.create(request)
    except QuotaError as error:
        remedy = _QUOTA_REMEDIES["committed" if wanted.term else wanted.endpoints.kind]
        raise QuotaError(f"{error} {remedy}") from error
    except (AwsError, RetryableError):
        # boto3 retries a call whose connection broke off. If the first call did create the endpoint, the second one
        # fails because the name is in use: then the endpoint is there.
        made = wanted.find()
        if made is None:
            raise
        return made.arn
