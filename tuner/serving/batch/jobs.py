"""What a run asks in batch jobs: their records, their lines of input, and what Bedrock wrote for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from tuner.artifacts.batch import OUTPUT, BatchJob
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.strict_model import JsonObject
from tuner.costs.meter import SingleCall

_OUTPUT_FILE = ".jsonl.out"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch job that a run asks for.

    `under` is the part of the folder that has its files, and `record` its record, without what is not known yet.
    `requests` gives the requests, in the form of Converse. A job with fewer than `least` is not started.
    """

    under: str
    record: BatchJob
    model: str
    requests: Callable[[], Iterable[JsonObject]]
    call: SingleCall
    least: int = 0


class Source(Protocol):
    """Either the contestants or the judges of a run."""

    def batches(self) -> Iterable[Batch]:
        """The jobs that the approved estimate has."""
        ...

    def owns(self, record: BatchJob) -> bool:
        """Whether it is one of these jobs."""
        ...

    def save(self, under: str, record: BatchJob) -> tuple[int, str]:
        """Writes what a job gave. Returns how much of it can be used, and the first reason why the rest cannot."""
        ...


def batch_jobs(folder: RunFolder) -> dict[str, BatchJob]:
    """The records of the run's batch jobs, by the part of the folder that has them."""
    names = [name for name in folder.list(Keys.BATCH) if name.endswith(f"/{BatchJob.NAME}")]
    parts = [name.removesuffix(BatchJob.NAME) for name in names]
    return {under: folder.load(BatchJob, under) for under in parts}


def record_id(number: int) -> str:
    """The id of a record: letters and digits, as Bedrock demands, which ids of questions need not be."""
    return f"{number:011d}"


def lines(requests: Iterable[JsonObject]) -> Iterator[str]:
    """The lines of the input file."""
    for number, request in enumerate(requests):
        yield json.dumps({"recordId": record_id(number), "modelInput": request}, ensure_ascii=False)


def read_output(folder: RunFolder, under: str, read: Callable[[Any], T]) -> tuple[dict[str, T], list[str]]:
    """What `read` makes of the output of a job, by the ids of the records, and the errors of the other records.

    `read` gets the form of a response of Converse, and raises KeyError, TypeError or AttributeError for other forms.
    """
    found: dict[str, T] = {}
    errors: list[str] = []
    for name in folder.list(under + OUTPUT):
        for line in folder.read_lines(name) if name.endswith(_OUTPUT_FILE) else ():
            try:
                found[str(line["recordId"])] = read(line["modelOutput"])
            except (KeyError, TypeError, AttributeError):
                errors.append(_error(line))
    return found, errors


# Any: a line of Bedrock's output, whose members are checked here.
def _error(line: Any) -> str:
    error = line.get("error") if isinstance(line, dict) else None
    if not isinstance(error, dict):
        return "A line of the output is not of the documented form."
    return f"Bedrock says of the first one: {error.get('errorCode')} {error.get('errorMessage')}"
