"""A run: its id, what it was pinned to, and where its things are in the artifacts bucket."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tuner.names import Kind, fit
from tuner.settings import RunSettings

Role = Literal["training", "validation", "evaluation", "documents", "settings"]
INCOMING = "incoming/"

# How the name of a dataset's file may end: EventBridge's rule is built from them too.
ENDINGS = tuple(
    f"{kind}{packing}" for kind in ("json", "jsonl", "csv", "tsv", "parquet") for packing in ("", ".gz", ".zst")
)

_FORMATS = f"(?:{'|'.join(map(re.escape, ENDINGS))})"
_ROLES: tuple[tuple[Role, re.Pattern[str]], ...] = (
    ("training", re.compile(rf"training\.{_FORMATS}")),
    ("validation", re.compile(rf"validation\.{_FORMATS}")),
    ("evaluation", re.compile(rf"evaluation\.{_FORMATS}")),
    ("settings", re.compile(r"run\.(yaml|yml|json)")),
    ("documents", re.compile(r"documents/.+[^/]")),
)


class PinnedInput(BaseModel):
    """One object of a dataset at one version: it cannot change under the run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Role
    key: str
    version_id: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DatasetFile:
    """What an object's key says: which dataset it belongs to, and what it is there for."""

    dataset: str
    role: Role


def role_of(name: str) -> Role | None:
    """What a file of a dataset's folder is there for, by its name; None when it is not part of a dataset."""
    return next((role for role, pattern in _ROLES if pattern.fullmatch(name)), None)


def dataset_file(key: str) -> DatasetFile | None:
    """Reads `incoming/<dataset>/<file>`; None for every other key, so that it starts nothing.

    `key` is the plain key: EventBridge delivers it so, unlike S3's own notifications.
    """
    if not key.startswith(INCOMING):
        return None
    dataset, _, name = key.removeprefix(INCOMING).partition("/")
    role = role_of(name)
    return DatasetFile(dataset, role) if dataset and role else None


def run_id(dataset: str, contents: Iterable[tuple[str, str]], repeat: int = 0) -> str:
    """The id of the run of a dataset's content, which is its execution's name too.

    `contents` are pairs of (file name in the dataset's folder, SHA-256 of its bytes). The same content gives the same
    id, in whatever order; `repeat` asks for another run of it on purpose. At most 46 characters of `[a-z0-9-]`, no two
    hyphens in a row, so that Bedrock's names can be built from it.
    """
    digest = hashlib.sha256(dataset.encode())
    for name, sha256 in sorted(contents):
        digest.update(b"\0" + name.encode() + b"\0" + sha256.encode())
    suffix = f"-r{repeat}" if repeat else ""
    return f"{_slug(dataset)}-{digest.hexdigest()[:12]}{suffix}"


def _slug(dataset: str) -> str:
    plain = unicodedata.normalize("NFKD", dataset).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:28].strip("-") or "dataset"


class Manifest(BaseModel):
    """`run.json`: everything that decides what a run does, written once, by its first step."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    run_id: str
    dataset: str
    execution_arn: str
    started_at: str
    data_bucket: str
    inputs: tuple[PinnedInput, ...]
    settings: RunSettings
    base_model: str
    base_endpoint: str
    base_model_name: str
    judge_model: str
    hyperparameters: dict[str, str]
    resource_name: str
    versions: dict[str, str]

    def inputs_of(self, role: Role) -> tuple[PinnedInput, ...]:
        """The pinned inputs that are there for `role`."""
        return tuple(entry for entry in self.inputs if entry.role == role)

    @property
    def generates(self) -> bool:
        """Whether validation data is to be made from documents: they are there, and it is not."""
        wanted = self.settings.generate.count > 0
        return wanted and bool(self.inputs_of("documents")) and not self.inputs_of("validation")

    @property
    def generator_model(self) -> str:
        """The model that makes validation data from documents."""
        return self.settings.generate.model or self.judge_model


_RUN = re.compile(r"(?P<slug>.*?)(?P<hash>(-[0-9a-f]{12}(-r\d+)?)?)")


def resource_name(deployment: str, run: str, suffix: str = "") -> str:
    """Name of the run's job, custom model, throughput and deployment; with the tag it proves whose they are.

    Where it is too long for Bedrock, the dataset's part is cut: the deployment, the hash and the suffix stay whole.
    """
    parts = _RUN.fullmatch(run)
    slug, tail = (parts["slug"], parts["hash"]) if parts else (run, "")
    return fit(Kind.RESOURCE, f"{deployment}-{slug}", f"{tail}{suffix}")


def committed_name(deployment: str, run: str) -> str:
    """Name of the throughput that is bought for a term, beside the hourly one."""
    return resource_name(deployment, run, "-committed")


class Tags:
    """The tags on everything paid that a run makes."""

    DEPLOYMENT = "bedrock-tuner:deployment"
    RUN = "bedrock-tuner:run"
    TRAINING = "bedrock-tuner:training"  # on job and model: what they were trained on, and how, as a hash
    KEPT_UNTIL = "bedrock-tuner:kept-until"
    GATE = "bedrock-tuner:gate"  # on the custom model: accepted, rejected or undecided


class GateEvent:
    """What the event of a gate's decision is known by on the default event bus."""

    SOURCE = "bedrock-tuner"
    DETAIL_TYPE = "Gate Decision"


class Keys:
    """Names of a run's artifacts inside `runs/<run id>/`."""

    MANIFEST = "run.json"
    PREFLIGHT = "preflight.json"
    TRAINING = "dataset/training.jsonl"
    VALIDATION = "dataset/validation.jsonl"
    EVALUATION = "dataset/evaluation.jsonl"
    GENERATED = "generated/validation.jsonl"
    GENERATED_SUMMARY = "generated/summary.json"
    GENERATED_REPLIES = "generated/replies/"
    DATASET_SUMMARY = "dataset/summary.json"
    FINDINGS = "dataset/findings.json"
    ESTIMATE = "estimate.json"
    APPROVAL = "approval/request.json"
    APPROVAL_ANSWER = "approval/answer.json"
    TRAINING_JOB = "training/job.json"
    TRAINING_OUTPUT = "training/output/"
    TRAINING_SUMMARY = "training/summary.json"
    ENDPOINT = "serving/endpoint.json"
    COMMITMENT = "serving/commitment.json"
    SCORES = "scores/scores.json"
    GATE = "scores/gate.json"
    REPORT = "report/report.json"
    REPORT_PAGE = "report/index.html"
    REPORT_CARD = "report/card.json"
    NOTIFIED = "report/notified.json"
    OVERVIEW = "runs/index.html"  # of all runs: beside their folders, not in one
    INDEX = "runs/index.json"  # the cards of all runs
    ENDPOINT_TIMES = "runs/endpoint-times.json"  # beside them too
    PRICES = "runs/prices.json"  # and what AWS's price list answered

    @staticmethod
    def answers(model: Literal["base", "tuned"], shard: int) -> str:
        """Where one shard's answers are."""
        return f"answers/{model}/{shard:05d}.jsonl"

    @staticmethod
    def training(fingerprint: str) -> str:
        """Which runs train with the same content: beside their folders, not in one."""
        return f"runs/training-{fingerprint}.json"

    @staticmethod
    def folder(run: str) -> str:
        """The run's folder in the artifacts bucket."""
        return f"runs/{run}/"
