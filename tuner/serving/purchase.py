"""Brings the endpoint of a run into service, once, however often a step is repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tuner.artifacts.manifest import Manifest
from tuner.artifacts.serving import EndpointRecord
from tuner.aws.bedrock.resources import EndpointRequest, PaidResource
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AwsError, CommitmentNotAllowedError, EndpointFailedError, QuotaError, RetryableError
from tuner.core.resource_names import committed_name, run_tags
from tuner.core.times import iso, now, seconds_since
from tuner.serving.endpoints import Endpoints, owned
from tuner.settings import Commitment

# A read may miss what was created a moment ago: for so long, an endpoint that cannot be found is not believed gone.
_VISIBLE_SECONDS = 600
_KNOWN_SECONDS = 180
_ASK_FOR = {
    "provisioned": "In Service Quotas, service Amazon Bedrock, ask AWS to raise the model units for Provisioned "
    "Throughput of custom models (without commitment: quota L-BE77399C), or set 'serving: on_demand' in run.yaml "
    "where the model allows it.",
    "committed": "In Service Quotas, service Amazon Bedrock, ask AWS to raise the model units for Provisioned "
    "Throughput of custom models with a commitment. The accepted model is kept: buy the term by hand, or run again.",
    "on_demand": "Delete custom model deployments that are no longer used, or ask AWS to raise the quota of custom "
    "model deployments in Service Quotas, service Amazon Bedrock.",
}


def purchase(
    endpoints: Endpoints, folder: RunFolder, manifest: Manifest, deployment: str, expected_seconds: float | None = None
) -> EndpointRecord:
    """Creates the endpoint that the run is evaluated with, or finds what an earlier attempt created; writes it down.

    It has no term, whatever the run will commit to: see `commit`. Raises QuotaError, saying what to ask AWS for.
    """
    return _once(Purchase(endpoints, folder, manifest, deployment), expected_seconds)


def commit(
    endpoints: Endpoints, folder: RunFolder, manifest: Manifest, deployment: str, allowed: Sequence[Commitment]
) -> EndpointRecord:
    """Buys the throughput with the run's term, once; nothing can undo it before the term ends.

    For a model that the gate accepted, of a run that asks for a term, in a deployment that allows it (still, hours
    after the run's settings were checked), and for nothing else: raises CommitmentNotAllowedError. Raises QuotaError,
    saying what to ask AWS for.
    """
    term = manifest.settings.commitment
    decision = (folder.find_json(Keys.GATE) or {}).get("decision")
    if term is None or term not in allowed or decision != "accepted":
        raise CommitmentNotAllowedError(
            f"The gate's decision is {decision or 'absent'} ({folder.uri(Keys.GATE)}), the run's commitment is "
            f"{term or 'none'}, and the deployment allows {', '.join(allowed) or 'none'}. A term is only bought for an "
            "accepted model, where both the run and the deployment say so: nothing was bought."
        )
    return _once(Purchase(endpoints, folder, manifest, deployment, term))


@dataclass(frozen=True, slots=True)
class Purchase:
    """What is to be bought once, and where that is written down."""

    endpoints: Endpoints
    folder: RunFolder
    manifest: Manifest
    deployment: str
    term: Commitment | None = None

    @property
    def name(self) -> str:
        """Of what is bought: with a term it is not the hourly one's, which may linger for a moment."""
        if self.term is None:
            return self.manifest.resource_name
        return committed_name(self.deployment, self.manifest.run_id)

    @property
    def record(self) -> str:
        """The artifact that says what was bought."""
        return Keys.COMMITMENT if self.term else Keys.ENDPOINT

    @property
    def units(self) -> int | None:
        """Model units, of what has any."""
        return self.manifest.settings.model_units if self.endpoints.kind == "provisioned" else None

    def find(self) -> PaidResource | None:
        """What an earlier attempt bought, whatever its status, or None."""
        found = owned(self.endpoints, self.deployment, self.manifest.run_id)
        return next((endpoint for endpoint in found if endpoint.name == self.name), None)


def _once(wanted: Purchase, expected_seconds: float | None = None) -> EndpointRecord:
    # The record goes first: S3 shows what was written, where Bedrock's list may miss what was just bought.
    earlier = read(wanted.folder, wanted.record)
    if earlier and earlier.released_at is None:
        return earlier
    endpoint = wanted.find()
    arn = endpoint.arn if endpoint else _create(wanted)
    record = EndpointRecord(
        kind=wanted.endpoints.kind,
        arn=arn,
        name=wanted.name,
        model_units=wanted.units,
        commitment=wanted.term,
        created_at=iso(endpoint.created_at if endpoint else now()),
        expected_seconds=expected_seconds,
    )
    if earlier and earlier.arn == arn:
        return earlier
    write(wanted.folder, record, wanted.record)
    return record


def check(endpoints: Endpoints, folder: RunFolder) -> tuple[PaidResource, EndpointRecord]:
    """The run's endpoint now; the moment when it was first seen in service is written down.

    Raises EndpointFailedError with Bedrock's own message, RetryableError while a young one cannot be seen.
    """
    record = require(folder)
    endpoint = endpoints.get(record.arn)
    if endpoint is None and record.released_at is None and seconds_since(record.created_at) < _VISIBLE_SECONDS:
        raise RetryableError(
            f"{record.arn} was created a moment ago and cannot be seen. It is looked for again, for some minutes. "
            "If somebody deleted it, run again: tuner run --again."
        )
    if endpoint is None:
        raise EndpointFailedError(f"{record.arn} {_gone(record)}")
    if endpoint.status == "Failed":
        reason = endpoint.failure or "Bedrock gives no reason"
        raise EndpointFailedError(f"{record.arn} ended Failed: {reason.rstrip('.')}. See it in the Bedrock console.")
    if endpoint.status == "InService" and record.in_service_at is None:
        record = record.model_copy(update={"in_service_at": iso(now())})
        write(folder, record)
    return endpoint, record


def is_new(record: EndpointRecord) -> bool:
    """Whether it came into service so recently that Bedrock's runtime may not know it yet."""
    return record.in_service_at is not None and seconds_since(record.in_service_at) < _KNOWN_SECONDS


def _gone(record: EndpointRecord) -> str:
    if record.released_at is None:
        return "went away before it was in service. Was it deleted by somebody?"
    return (
        f"was released at {record.released_at}, before it was seen in service: by a person, or because it was older "
        "than the deployment's 'longest_throughput_hours'. Raise that, or run again."
    )


def read(folder: RunFolder, name: str = Keys.ENDPOINT) -> EndpointRecord | None:
    """The run's `serving/endpoint.json`, or the record of its commitment; None when nothing was bought."""
    found = folder.find(name)
    return EndpointRecord.model_validate_json(found) if found else None


def require(folder: RunFolder) -> EndpointRecord:
    """The run's `serving/endpoint.json`, which an earlier step has written."""
    return EndpointRecord.model_validate_json(folder.read(Keys.ENDPOINT))


def write(folder: RunFolder, record: EndpointRecord, name: str = Keys.ENDPOINT) -> None:
    """Writes the run's `serving/endpoint.json`, or the record of its commitment."""
    folder.write_json(name, record.model_dump(mode="json"))


def _create(wanted: Purchase) -> str:
    request = EndpointRequest(
        name=wanted.name,
        custom_model_arn=wanted.folder.read_json(Keys.TRAINING_SUMMARY)["custom_model_arn"],
        model_units=wanted.manifest.settings.model_units,
        commitment=wanted.term,
        tags=run_tags(wanted.deployment, wanted.manifest.run_id),
    )
    try:
        return wanted.endpoints.create(request)
    except QuotaError as error:
        raise QuotaError(f"{error} {_ASK_FOR['committed' if wanted.term else wanted.endpoints.kind]}") from error
    except (AwsError, RetryableError):
        # Cut off before its answer came, a purchase is tried again by the client, and may find its own name in use.
        made = wanted.find()
        if made is None:
            raise
        return made.arn
