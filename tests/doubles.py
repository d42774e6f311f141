"""Test doubles for several packages: a run's folder in memory, endpoints, customization jobs, a manifest."""

from __future__ import annotations

import builtins
import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tuner import catalog
from tuner.artifacts.costs.estimate import Estimate, SpendingLimits
from tuner.artifacts.dataset import DatasetSummary
from tuner.artifacts.manifest import Manifest, PinnedInput
from tuner.artifacts.serving import EndpointKind
from tuner.aws.bedrock.resources import EndpointRequest, PaidKind, PaidResource
from tuner.aws.clients import client
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.errors import AwsError, StillAliveError
from tuner.core.resource_names import Tags, resource_name
from tuner.costs.cost_inputs import Plan
from tuner.costs.estimate import estimate
from tuner.costs.prices.price_list import price_list
from tuner.costs.write_estimate import counted_sizes, planned_sizes
from tuner.intake.contestants import contestants
from tuner.intake.manifest import numbered
from tuner.intake.resolved_settings import hyperparameters, resolved_candidates
from tuner.settings import DeploymentSettings, RunSettings

RUN = "faq-0123456789ab"
DEPLOYMENT = "tuner"
NAME = resource_name(DEPLOYMENT, RUN)
CUSTOM_MODEL = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0:128k/abcdefghijkl"
STARTED = "2026-11-23T07:00:00Z"


class MemoryFolder(RunFolder):
    """A run's folder without S3."""

    def __init__(self, run_id: str = RUN, files: Mapping[str, bytes] | None = None) -> None:
        super().__init__("artifacts", run_id, s3=object())
        self.files = dict(files or {})

    def read(self, name: str) -> bytes:
        if name not in self.files:
            raise AwsError(f"Could not read {self.uri(name)}: NoSuchKey")
        return self.files[name]

    def _lines(self, name: str) -> Iterator[bytes]:
        yield from self.read(name).splitlines()

    def digest(self, name: str) -> str:
        return hashlib.sha256(self.read(name)).hexdigest()

    def write(self, name: str, data: bytes) -> str:
        self.files[name] = data
        return self.uri(name)

    def find_version(self, name: str) -> tuple[bytes | None, str | None]:
        data = self.files.get(name)
        return data, None if data is None else hashlib.sha256(data).hexdigest()

    def replace(self, name: str, data: bytes, version: str | None) -> bool:
        if self.find_version(name)[1] != version:
            return False
        self.write(name, data)
        return True

    def list(self, prefix: str) -> builtins.list[str]:
        return sorted(name for name in self.files if name.startswith(prefix))


def stored_json(folder: RunFolder, name: str) -> Any:
    """An artifact as it was written, without its model."""
    return json.loads(folder.read(name))


def write_json(folder: RunFolder, name: str, document: object) -> None:
    """Writes a JSON document, of any form."""
    folder.write(name, json.dumps(document).encode())


def write_lines(folder: RunFolder, name: str, records: Iterable[object]) -> None:
    """Writes a JSONL artifact, of any form."""
    folder.write(name, "".join(json.dumps(record) + "\n" for record in records).encode())


def manifest(base_model: str = "amazon.nova-micro-v1:0:128k", **settings: Any) -> Manifest:
    """The manifest of a run of `base_model` with these settings, served by throughput."""
    # Without other contestants: tests that are about some name them.
    asked = RunSettings.model_validate({"serving": "provisioned", "compare_with": ["base"], **settings})
    model = catalog.model(base_model)
    named = {name for entry in asked.candidates for name, _ in entry.each()}
    models = {name: catalog.model(name) if name else model for name in named}
    candidates = resolved_candidates(models, asked, "run.yaml")
    names = {each.model.id: each.model.name for each in candidates}
    return Manifest(
        run_id=RUN,
        dataset="faq",
        execution_arn=f"arn:aws:states:us-east-1:123456789012:execution:tuner:{RUN}",
        started_at=STARTED,
        data_bucket="data",
        inputs=(PinnedInput(role="training", key="incoming/faq/training.jsonl", version_id="1", size=1, sha256="0"),),
        settings=asked,
        base_model=base_model,
        base_endpoint=model.base_endpoint,
        base_model_name=model.name,
        contestants=contestants(asked, has_documents=False),
        judge_model=(*asked.judge.named, DeploymentSettings().judge_model)[0],
        base_model_names=names if len(names) > 1 else {},
        hyperparameters=hyperparameters(model, asked.hyperparameters, "run.yaml"),
        resource_name=NAME,
        candidates=numbered(DEPLOYMENT, RUN, candidates),
        versions={},
    )


def approve(folder: RunFolder, planned: bool = False, shard_size: int = 25) -> Estimate:
    """Writes the estimate of the run in the folder, as if its cost had been approved: before data is generated, or
    after.
    """
    run = folder.manifest()
    if not planned and folder.load_if_present(DatasetSummary) is None:
        folder.save(DatasetSummary(training_records=9, validation_records=1))
    sizes = planned_sizes(folder, run) if planned else counted_sizes(folder, run)
    inputs = replace(sizes.inputs, shard_size=shard_size)
    made = estimate(Plan.of(run), inputs, SpendingLimits(budget_usd=500), price_list(()))
    folder.save(made)
    return made


def create_state_table(name: str = "state") -> Any:
    """The table of shared state, as the stack deploys it, on moto. Returns the client."""
    api = client("dynamodb")
    api.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    return api


class NoPrices:
    """AWS's price list without prices, so that the packaged list is used."""

    def products(self, service: str, usage_type: str) -> tuple[builtins.list[str], str]:
        return [], ""


@dataclass
class FakeEndpoints:
    """One kind of endpoint in memory. `refuses_delete` counts down. `unlisted` ones exist and are not listed yet.

    `hidden` ones exist, and no read shows them; a deletion reaches them.
    """

    kind: EndpointKind = "provisioned"
    alive: dict[str, PaidResource] = field(default_factory=dict)
    tagged: dict[str, dict[str, str]] = field(default_factory=dict)
    created: list[EndpointRequest] = field(default_factory=list)
    refuses_delete: int = 0
    lingers: int = 0
    unlisted: bool = False
    hidden: set[str] = field(default_factory=set)

    def add(self, name: str = NAME, tags: Mapping[str, str] | None = None, **members: Any) -> str:
        arn = f"arn:aws:bedrock:us-east-1:123456789012:provisioned-model/{len(self.alive):012d}"
        endpoint = PaidResource(self.kind, arn, name, "Creating", dt.datetime.now(dt.UTC), model_units=1)
        self.alive[arn] = replace(endpoint, **members)
        self.tagged[arn] = dict(tags if tags is not None else {"bedrock-tuner:deployment": DEPLOYMENT})
        return arn

    def create(self, request: EndpointRequest) -> str:
        self.created.append(request)
        return self.add(request.name, request.tags)

    def list(self, name: str) -> Iterator[PaidResource]:
        if not self.unlisted:
            shown = [endpoint for endpoint in self.alive.values() if endpoint.arn not in self.hidden]
            yield from [endpoint for endpoint in shown if name in endpoint.name]

    def get(self, arn: str) -> PaidResource | None:
        if arn in self.hidden:
            return None
        if arn in self.alive and self.alive[arn].status == "Deleting":
            self.lingers -= 1
            if self.lingers < 0:
                del self.alive[arn]
        return self.alive.get(arn)

    def delete(self, arn: str) -> None:
        if self.refuses_delete:
            self.refuses_delete -= 1
            raise StillAliveError(f"Bedrock does not delete {arn} now: it is being created.")
        if arn in self.alive:
            self.alive[arn] = replace(self.alive[arn], status="Deleting")

    def tags(self, arn: str) -> Mapping[str, str]:
        return self.tagged.get(arn, {})

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        if arn not in self.alive:
            raise AwsError(f"Could not tag {arn}: ResourceNotFoundException")
        self.tagged[arn] = {**self.tagged.get(arn, {}), **tags}


@dataclass
class FakeSchedules:
    """One-time schedules in memory: their payloads by name."""

    pending: dict[str, dict[str, str]] = field(default_factory=dict)

    def names(self) -> Iterator[str]:
        yield from list(self.pending)

    def payload(self, name: str) -> Mapping[str, str]:
        return self.pending.get(name, {})

    def delete(self, name: str) -> None:
        self.pending.pop(name, None)


@dataclass
class FakeJobs:
    """Customization jobs in memory. `unlisted` jobs are not listed yet, and `unseen` ones cannot be read yet."""

    kind: PaidKind = "training"
    jobs: dict[str, PaidResource] = field(default_factory=dict)
    tagged: dict[str, dict[str, str]] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    unlisted: bool = False
    unseen: bool = False
    completes_before_stop: bool = False

    def add(self, run_id: str = RUN, tags: Mapping[str, str] | None = None, **members: Any) -> str:
        arn = f"arn:aws:bedrock:us-east-1:123456789012:model-customization-job/amazon.nova/{len(self.jobs):012d}"
        job = PaidResource(self.kind, arn, resource_name(DEPLOYMENT, run_id), "InProgress", dt.datetime.now(dt.UTC))
        self.jobs[arn] = replace(job, **members)
        own = {Tags.DEPLOYMENT: DEPLOYMENT, Tags.RUN: run_id}
        self.tagged[arn] = dict(own if tags is None else tags)
        return arn

    def list(self, name: str) -> Iterator[PaidResource]:
        if not self.unlisted:
            yield from [job for job in self.jobs.values() if name in job.name and not job.has_ended]

    def get(self, arn: str) -> PaidResource | None:
        return None if self.unseen else self.jobs.get(arn)

    def delete(self, arn: str) -> None:
        self.stopped.append(arn)
        self.jobs[arn] = replace(self.jobs[arn], status="Completed" if self.completes_before_stop else "Stopping")

    def tags(self, arn: str) -> Mapping[str, str]:
        return {} if self.unseen else self.tagged.get(arn, {})
