"""Makes AWS resource names that are within AWS's limits and unique, whatever a deployment and a dataset are called.

A name that fits stays as it is. A longer one is shortened, and a digest of the whole name replaces what was removed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

# The alias of the state machine through which new executions are started.
STATE_MACHINE_ALIAS = "current"

_DIGEST_CHARACTERS = 10

# The numbers that a name can have: of one digit for a candidate, and of at most two for a batch job.
CANDIDATE_NUMBERS = range(1, 10)
BATCH_NUMBERS = range(1, 100)


class Kind(StrEnum):
    """The kinds of AWS resources that this project names."""

    RESOURCE = "Bedrock resource of a run"  # one name that is valid for the next four kinds
    JOB = "customization job"
    MODEL = "custom model"
    THROUGHPUT = "provisioned throughput"
    DEPLOYMENT = "custom model deployment"
    EXECUTION = "execution"
    STATE_MACHINE = "state machine"
    SCHEDULE = "schedule"
    SCHEDULE_GROUP = "schedule group"
    FUNCTION = "function"
    LOG_GROUP = "log group"
    ROLE = "role"
    RULE = "rule"
    ALARM = "alarm"
    DASHBOARD = "dashboard"
    STACK = "stack"


@dataclass(frozen=True, slots=True)
class Limit:
    """The maximum length of a kind's names, and the pattern that the whole name must match."""

    longest: int
    pattern: re.Pattern[str]


# From botocore's service models where these have limits (a test compares them), otherwise from the documentation.
_BEDROCK = re.compile(r"([0-9a-zA-Z][_-]?){1,63}")
_HYPHENS = re.compile(r"[0-9a-zA-Z_-]+")
_DOTS = re.compile(r"[0-9a-zA-Z_.-]+")
LIMITS = {
    Kind.RESOURCE: Limit(63, re.compile(r"[0-9a-zA-Z]+(-[0-9a-zA-Z]+)*")),
    # Accepts the same names as botocore's pattern, which takes exponential time on some invalid names.
    Kind.JOB: Limit(63, re.compile(r"[a-zA-Z0-9][a-zA-Z0-9+.-]*")),
    Kind.MODEL: Limit(63, _BEDROCK),
    Kind.THROUGHPUT: Limit(63, re.compile(r"([0-9a-zA-Z][_-]?)+")),
    Kind.DEPLOYMENT: Limit(63, _BEDROCK),
    # Names that CloudWatch can log:
    # https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    Kind.EXECUTION: Limit(80, _HYPHENS),
    Kind.STATE_MACHINE: Limit(80, _HYPHENS),
    Kind.SCHEDULE: Limit(64, _DOTS),
    Kind.SCHEDULE_GROUP: Limit(64, _DOTS),
    # 64 for the name alone, more for a whole ARN:
    # https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
    Kind.FUNCTION: Limit(64, _HYPHENS),
    Kind.LOG_GROUP: Limit(512, re.compile(r"[\.\-_/#A-Za-z0-9]+")),
    Kind.ROLE: Limit(64, re.compile(r"[0-9a-zA-Z_+=,.@-]+")),
    Kind.RULE: Limit(64, _DOTS),
    Kind.ALARM: Limit(255, re.compile(r"[ -~]+")),
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
    Kind.DASHBOARD: Limit(255, _HYPHENS),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
    Kind.STACK: Limit(128, re.compile(r"[a-zA-Z][-a-zA-Z0-9]*")),
}


def fit(kind: Kind, head: str, tail: str = "") -> str:
    """`head` + `tail` as a name of this kind. A name that is too long loses the end of `head`; a short `tail` is kept.

    >>> fit(Kind.FUNCTION, "tuner-pin-inputs")
    'tuner-pin-inputs'
    >>> fit(Kind.FUNCTION, "tuner-" + "x" * 80, "-committed")
    'tuner-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-408c34acd2-committed'
    """
    limit, whole = LIMITS[kind], head + tail
    if len(whole) <= limit.longest and limit.pattern.fullmatch(whole):
        return whole
    digest = hashlib.sha256(f"{len(head)}:{whole}".encode()).hexdigest()[:_DIGEST_CHARACTERS]
    kept = _plain(tail)
    end = f"-{digest}-{kept}" if 0 < len(kept) <= limit.longest // 2 else f"-{digest}"
    start = _plain(head)[: limit.longest - len(end)].strip("-")
    # Stack names must begin with a letter.
    return f"{start}{end}" if start[:1].isalpha() else f"x{start[1:]}{end}"


def _plain(text: str) -> str:
    """Letters, digits and single hyphens, which every kind accepts."""
    return re.sub(r"[^0-9a-zA-Z]+", "-", text).strip("-")


# A run's id ends with its hash, so no dataset can make such a name.
_CANDIDATE = re.compile(r"-candidate-(?P<number>[1-9])$")
_BATCH = re.compile(r"-batch-[1-9]\d?$")
_RUN = re.compile(r"(?P<slug>.*?)(?P<hash>(-[0-9a-f]{12}(-r\d+)?)?)")


def resource_name(deployment: str, run: str, suffix: str = "") -> str:
    """Name of the run's job, custom model, throughput and deployment. Name and tag together prove who owns them.

    If it is too long for Bedrock, the dataset's part is shortened: deployment, hash and suffix stay complete.
    """
    parts = _RUN.fullmatch(run)
    slug, tail = (parts["slug"], parts["hash"]) if parts else (run, "")
    return fit(Kind.RESOURCE, f"{deployment}-{slug}", f"{tail}{suffix}")


def committed_name(deployment: str, run: str) -> str:
    """Name of the throughput with a commitment term. The hourly throughput of the evaluation has another name."""
    return resource_name(deployment, run, "-committed")


def candidate_name(deployment: str, run: str, number: int) -> str:
    """Name of the job and the custom model of a candidate, when a run has several."""
    return resource_name(deployment, run, f"-candidate-{number}")


def batch_name(deployment: str, run: str, number: int) -> str:
    """Name of the batch job of a contestant, by its place among the run's contestants, from 1."""
    return resource_name(deployment, run, f"-batch-{number}")


@lru_cache(maxsize=64)  # a release asks for the names of the same run again and again
def run_names(deployment: str, run: str) -> frozenset[str]:
    """All names that resources of a run can have."""
    candidates = {candidate_name(deployment, run, number) for number in CANDIDATE_NUMBERS}
    batches = {batch_name(deployment, run, number) for number in BATCH_NUMBERS}
    return frozenset({resource_name(deployment, run), committed_name(deployment, run), *candidates, *batches})


def without_suffix(name: str) -> str:
    """The name without what marks a commitment, a candidate or a batch job."""
    return _BATCH.sub("", _CANDIDATE.sub("", name.removesuffix("-committed")))


def candidate_number(name: str) -> int | None:
    """The number of the candidate that has this name; None for a run's only customization."""
    found = _CANDIDATE.search(name)
    return int(found["number"]) if found else None


class Tags:
    """Tags of every paid resource that a run creates."""

    DEPLOYMENT = "bedrock-tuner:deployment"
    RUN = "bedrock-tuner:run"
    TRAINING = "bedrock-tuner:training"  # on job and model: hash of the training data and hyperparameters
    KEPT_UNTIL = "bedrock-tuner:kept-until"
    GATE = "bedrock-tuner:gate"  # on the custom model: accepted, rejected or undecided


def run_tags(deployment: str, run: str) -> dict[str, str]:
    """The tags of everything paid that a run creates."""
    return {Tags.DEPLOYMENT: deployment, Tags.RUN: run}
