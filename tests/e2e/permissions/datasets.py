"""The datasets of the permission tests: each leads a run along another path."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.e2e.pipeline import small_dataset

# The other metrics call no service and only take time.
_ONE_METRIC = "evaluation: {metrics: [correctness]}\n"
_SUCCEEDED = ("SUCCEEDED", None)


@dataclass(frozen=True)
class Dataset:
    """`ends` is the status and the error of a run of the dataset with all permissions."""

    files: Callable[[], Mapping[str, bytes]]
    ends: tuple[str, str | None] = _SUCCEEDED


def _large_and_broken() -> dict[str, bytes]:
    """An error after the first part of a multipart upload (8 MiB)."""
    long = "An answer that is long enough to fill its part of an upload. " * 400
    records = [{"question": f"What is item {n}?", "answer": long} for n in range(450)]
    lines = [json.dumps(record) for record in [*records, {"question": "What is missing?", "answer": ""}]]
    return small_dataset(_ONE_METRIC) | {"training.jsonl": "\n".join(lines).encode()}


def _documents() -> dict[str, bytes]:
    """A document that yields one pair, and no validation data."""
    text = "Provisioned Throughput is capacity that is paid for by the hour. A model unit is a measure of capacity."
    return small_dataset(f"serving: none\ngenerate: {{count: 1}}\n{_ONE_METRIC}") | {
        "documents/note.txt": text.encode()
    }


def _expensive() -> dict[str, bytes]:
    """A run that costs more than the approval limit. Nobody approves it, so the approval expires."""
    settings = f"base_model: anthropic.claude-3-haiku-20240307-v1:0:200k\n{_ONE_METRIC}"
    return small_dataset(settings, records=80)


_ACCEPTS = f"gate: {{correctness: {{at_most: 9.9}}}}\n{_ONE_METRIC}"
DATASETS = {
    "provisioned": Dataset(lambda: small_dataset(f"serving: provisioned\n{_ACCEPTS}")),
    # Accepted, so that no sweep deletes the model that others are made of.
    "on_demand": Dataset(lambda: small_dataset(f"serving: on_demand\n{_ACCEPTS}")),
    "profile": Dataset(lambda: small_dataset(f"base_model: amazon.nova-2-lite-v1:0:256k\n{_ONE_METRIC}", records=250)),
    "unhurried": Dataset(lambda: small_dataset(f"serving: on_demand\nhurry: false\n{_ACCEPTS}")),
    "unhurried profile": Dataset(
        lambda: small_dataset(f"base_model: amazon.nova-2-lite-v1:0:256k\nhurry: false\n{_ONE_METRIC}", records=250)
    ),
    "compared": Dataset(
        lambda: small_dataset(f"serving: on_demand\ncompare_with: [us.amazon.nova-2-lite-v1:0]\n{_ONE_METRIC}")
    ),
    "few shot": Dataset(lambda: small_dataset(f"serving: on_demand\ncompare_with: [base, few_shot]\n{_ONE_METRIC}")),
    "best": Dataset(lambda: small_dataset(f"serving: on_demand\ncompare_with: [base, best]\n{_ONE_METRIC}")),
    "candidates": Dataset(
        lambda: small_dataset(
            f"serving: none\ncandidates: [{{hyperparameters: {{learningRate: [0.00001, 0.0001]}}}}]\n{_ONE_METRIC}"
        )
    ),
    "scored": Dataset(lambda: small_dataset("serving: on_demand\nevaluation: {metrics: [correctness, bertscore]}\n")),
    "own scorer": Dataset(
        lambda: small_dataset("serving: on_demand\nscorer: {name: own-scorer}\nevaluation: {metrics: [rouge]}\n")
    ),
    "untouched": Dataset(lambda: small_dataset(f"serving: none\n{_ONE_METRIC}")),
    "documents": Dataset(_documents),
    "expensive": Dataset(_expensive, ("FAILED", "ApprovalExpiredError")),
    "kept": Dataset(lambda: small_dataset(f"serving: provisioned\nkeep_hours: 0.001\n{_ACCEPTS}")),
    "kept on demand": Dataset(lambda: small_dataset(f"serving: on_demand\nkeep_hours: 0.001\n{_ACCEPTS}")),
    "committed": Dataset(lambda: small_dataset(f"serving: provisioned\ncommitment: OneMonth\n{_ACCEPTS}")),
    "large and broken": Dataset(_large_and_broken, ("FAILED", "DatasetError")),
}
