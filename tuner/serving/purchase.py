"""Brings the endpoint of a run into service, once, however often a step is repeated."""

from __future__ import annotations

from tuner.aws.run_folder import RunFolder
from tuner.errors import AwsError, EndpointFailedError, QuotaError
from tuner.run import Keys, Manifest
from tuner.serving.endpoints import Endpoint, EndpointRecord, EndpointRequest, Endpoints, owned, tags_of
from tuner.times import iso, now

_ASK_FOR = {
    "provisioned": "In Service Quotas, service Amazon Bedrock, ask AWS to raise the model units for Provisioned "
    "Throughput of custom models (without commitment: quota L-BE77399C), or set 'serving: on_demand' in run.yaml "
    "where the model allows it.",
    "on_demand": "Delete custom model deployments that are no longer used, or ask AWS to raise the quota of custom "
    "model deployments in Service Quotas, service Amazon Bedrock.",
}


def purchase(endpoints: Endpoints, folder: RunFolder, manifest: Manifest, deployment: str) -> EndpointRecord:
    """Creates the run's endpoint, or finds the one that an earlier attempt created, and writes it down.

    Raises QuotaError, saying what to ask AWS for.
    """
    endpoint = find(endpoints, manifest, deployment)
    arn = endpoint.arn if endpoint else _create(endpoints, folder, manifest, deployment)
    record = EndpointRecord(
        kind=endpoints.kind,
        arn=arn,
        name=manifest.resource_name,
        model_units=manifest.settings.model_units if endpoints.kind == "provisioned" else None,
        commitment=manifest.settings.commitment if endpoints.kind == "provisioned" else None,
        created_at=iso(endpoint.created_at if endpoint else now()),
    )
    earlier = read(folder)
    if earlier and earlier.arn == arn:
        return earlier
    write(folder, record)
    return record


def find(endpoints: Endpoints, manifest: Manifest, deployment: str) -> Endpoint | None:
    """The run's endpoint, whatever its status, or None."""
    return next(owned(endpoints, deployment, manifest.resource_name), None)


def check(endpoints: Endpoints, folder: RunFolder) -> tuple[Endpoint, EndpointRecord]:
    """The run's endpoint now; the moment when it was first seen in service is written down.

    Raises EndpointFailedError with Bedrock's own message.
    """
    record = require(folder)
    endpoint = endpoints.get(record.arn)
    if endpoint is None:
        raise EndpointFailedError(f"{record.arn} went away before it was in service. Was it deleted by somebody?")
    if endpoint.status == "Failed":
        reason = endpoint.failure or "Bedrock gives no reason"
        raise EndpointFailedError(f"{record.arn} ended Failed: {reason.rstrip('.')}. See it in the Bedrock console.")
    if endpoint.status == "InService" and record.in_service_at is None:
        record = record.model_copy(update={"in_service_at": iso(now())})
        write(folder, record)
    return endpoint, record


def read(folder: RunFolder) -> EndpointRecord | None:
    """The run's `serving/endpoint.json`, or None when nothing was bought."""
    found = folder.find(Keys.ENDPOINT)
    return EndpointRecord.model_validate_json(found) if found else None


def require(folder: RunFolder) -> EndpointRecord:
    """The run's `serving/endpoint.json`, which an earlier step has written."""
    return EndpointRecord.model_validate_json(folder.read(Keys.ENDPOINT))


def write(folder: RunFolder, record: EndpointRecord) -> None:
    """Writes the run's `serving/endpoint.json`."""
    folder.write_json(Keys.ENDPOINT, record.model_dump(mode="json"))


def _create(endpoints: Endpoints, folder: RunFolder, manifest: Manifest, deployment: str) -> str:
    request = EndpointRequest(
        name=manifest.resource_name,
        custom_model_arn=folder.read_json(Keys.TRAINING_SUMMARY)["custom_model_arn"],
        model_units=manifest.settings.model_units,
        commitment=manifest.settings.commitment,
        tags=tags_of(deployment, manifest.run_id),
    )
    try:
        return endpoints.create(request)
    except QuotaError as error:
        raise QuotaError(f"{error} {_ASK_FOR[endpoints.kind]}") from error
    except AwsError:
        # Cut off before its answer came, a purchase is tried again by the client, and may find its own name in use.
        made = find(endpoints, manifest, deployment)
        if made is None:
            raise
        return made.arn
