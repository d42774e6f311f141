"""The datasets of the proofs: each takes a run down another path."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.e2e.pipeline import small_dataset

# Neither BERTScore's encoder nor the other metrics call anything: they would only cost time.
_QUICK = "evaluation: {metrics: [correctness]}\n"
_SUCCEEDED = ("SUCCEEDED", None)


@dataclass(frozen=True)
class Dataset:
    """`ends` is the status and the error that a run of it ends with when no permission is missing."""

    files: Callable[[], Mapping[str, bytes]]
    ends: tuple[str, str | None] = _SUCCEEDED


def _large_and_broken() -> dict[str, bytes]:
    """More than one part of an upload (8 MiB), and only then the error."""
    long = "An answer that is long enough to fill its part of an upload. " * 400
    records = [{"question": f"What is item {n}?", "answer": long} for n in range(450)]
    lines = [json.dumps(record) for record in [*records, {"question": "What is missing?", "answer": ""}]]
    return small_dataset(_QUICK) | {"training.jsonl": "\n".join(lines).encode()}


DATASETS = {
    "provisioned": Dataset(
        lambda: small_dataset(f"serving: provisioned\ngate: {{correctness: {{at_least: 1}}}}\n{_QUICK}")
    ),
    "on_demand": Dataset(lambda: small_dataset(f"serving: on_demand\n{_QUICK}")),
    "profile": Dataset(lambda: small_dataset(f"base_model: amazon.nova-2-lite-v1:0:256k\n{_QUICK}", records=250)),
    "large and broken": Dataset(_large_and_broken, ("FAILED", "DatasetError")),
}
