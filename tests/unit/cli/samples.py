"""Sample documents: a record, a report, an estimate, and a failed run."""

import json
from typing import Any

from tests.unit.cli.fake_aws import ARTIFACTS, Execution
from tests.unit.cli.histories import BEGAN, History
from tuner.core.resource_names import resource_name


def records(count: int) -> str:
    """A training file."""
    rows = ({"prompt": f"What is service {n}?", "completion": f"Number {n} of the services."} for n in range(count))
    return "".join(f"{json.dumps(row)}\n" for row in rows)


SCORES = {
    "rouge_l": {"label": "ROUGE-L", "base": {"mean": 0.1}, "tuned": {"mean": 0.2}, "difference": 0.1},
    "correctness": {
        "label": "Correctness (judge)",
        "base": {"mean": 2.5},
        "tuned": {"mean": 6.25},
        "difference": 3.75,
        "comparison": {"interval": [1.5, 6.0]},
    },
}


ENDPOINT = {
    "kind": "provisioned",
    "arn": "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc",
    "name": "tuner-faq-1",
    "model_units": 2,
    "commitment": None,
    "created_at": "2026-11-23T08:00:00Z",
    "released_at": "2026-11-23T08:01:40Z",
}
ESTIMATE = {
    "items": [{"name": "Provisioned throughput", "unit_price_usd": 18.0}],
    "total_usd": 36.0,
    "budget_usd": 500.0,
    "unknown": ["Training"],
}


REQUEST = {
    "asked_at": "2026-11-23T08:00:00Z",
    "expires_at": "2126-11-23T09:00:00Z",
    "estimated_usd": 264.0,
    "unknown": ["Training"],
    "task_token": "the-token",
}


def report(run: str, **fields: object) -> dict:
    return {
        "schema_version": 1,
        "run_id": run,
        "status": "SUCCEEDED",
        "verdict": {"value": "better", "sentence": "The tuned model is better.", "notes": ["Only 8 questions."]},
        "ended_at": "2026-11-23T08:03:00Z",
        "folder": f"s3://{ARTIFACTS}/runs/{run}/",
        "stand_ins": ["SmolLM2 (local stand-in for Nova Micro)"],
        "scores": SCORES,
        "bill": {"total_usd": 12.0, "unknown": ["Training"]},
        **fields,
    }


def failed(name: str, **fields: Any) -> Execution:
    history = History().went("Pin the inputs").is_in("Check that the account is ready")
    history.task_failed("QuotaError").left("Check that the account is ready")
    history.went("Report the failure", "Notify of the failure").is_in("The run failed").ended("Failed")
    values = {"error": "QuotaError", "cause": "The quota is 0. Ask AWS to raise it.", "history": history, **fields}
    return Execution(name, "FAILED", **values)


def throughput(run: str) -> dict:
    name = resource_name("tuner", run)
    return {
        "provisionedModelName": name,
        "provisionedModelArn": f"arn:aws:bedrock:us-east-1:123456789012:provisioned-model/{name}",
        "modelArn": "arn:aws:bedrock:us-east-1:123456789012:custom-model/abc",
        "status": "InService",
        "creationTime": BEGAN,
        "modelUnits": 1,
    }


def guide(parts: int = 9) -> str:
    """A document of so many parts, without training data enough for a run."""
    return "\n\n".join(f"# Part {number}\n\n" + f"Apparatus {number} weighs a lot. " * 20 for number in range(parts))
