"""Reads and writes the artifacts of a run, in its folder `runs/<run id>/` of the artifacts bucket."""

from __future__ import annotations

import builtins
import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, TypeVar

from tuner.artifacts.base import Artifact, Part, parse
from tuner.artifacts.contexts import Context
from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.evaluation.answers import Answer
from tuner.artifacts.evaluation.contestants import Contestant, ContestantName
from tuner.artifacts.manifest import Manifest
from tuner.artifacts.training import TrainingSummary
from tuner.aws.clients import client
from tuner.aws.error_mapping import mapped_errors
from tuner.aws.s3.conditional_put import SharedObject
from tuner.aws.s3.run_index import RunIndex
from tuner.core.artifact_keys import Keys

_CONTENT_TYPES = {"json": "application/json", "jsonl": "application/x-ndjson", "html": "text/html; charset=utf-8"}

A = TypeVar("A", bound=Artifact)
P = TypeVar("P", bound=Part)


class RunFolder:
    """The folder of one run. Artifacts are identified by their names in `Keys`.

    S3 writes an object completely or not at all, so a reader never sees a part of an artifact.
    """

    def __init__(self, bucket: str, run_id: str, s3: Any = None) -> None:
        self.bucket = bucket
        self.run_id = run_id
        self._s3 = s3 or client("s3")

    def key(self, name: str) -> str:
        """The whole key of an artifact."""
        return Keys.folder(self.run_id) + name

    def uri(self, name: str = "") -> str:
        """`s3://` address of an artifact."""
        return f"s3://{self.bucket}/{self.key(name)}"

    def manifest(self) -> Manifest:
        """The run's `run.json`."""
        return self.load(Manifest)

    def manifest_of_choice(self) -> Manifest:
        """The run's `run.json`, with the base model of the chosen candidate once the run has chosen one."""
        return self.manifest().after_choice(self.load_if_present(TrainingSummary))

    def load(self, model: type[A], under: str = "") -> A:
        """An artifact that must be there. Raises AwsError when it is absent, ArtifactError when it has another form.

        `under` is the part of the folder that has it, such as that of a candidate.
        """
        name = under + model.NAME
        return parse(model, self.read(name), self.uri(name))

    def load_if_present(self, model: type[A], under: str = "") -> A | None:
        """An artifact, or None when it is absent. Raises ArtifactError when it has another form."""
        name = under + model.NAME
        data = self.find(name)
        return None if data is None else parse(model, data, self.uri(name))

    def save(self, artifact: Artifact, under: str = "") -> str:
        """Writes an artifact and returns its address."""
        return self.write(under + artifact.NAME, artifact.to_json())

    def load_records(self, name: str, model: type[P]) -> Iterator[P]:
        """The records of a JSONL artifact, streamed. Raises ArtifactError that names the line."""
        for number, line in enumerate(self._lines(name), 1):
            yield parse(model, line, f"{self.uri(name)}, line {number}")

    def save_records(self, name: str, records: Iterable[Part]) -> str:
        """Writes the records of a JSONL artifact and returns its address."""
        return self.write(name, "".join(record.to_json_line() + "\n" for record in records).encode())

    def read(self, name: str) -> bytes:
        """An artifact's bytes. Raises AwsError, naming the address, when it is absent."""
        with mapped_errors(f"read {self.uri(name)}"):
            body: bytes = self._s3.get_object(Bucket=self.bucket, Key=self.key(name))["Body"].read()
            return body

    def digest(self, name: str) -> str:
        """SHA-256 of an artifact's bytes, read in chunks."""
        with mapped_errors(f"read {self.uri(name)}"):
            body = self._s3.get_object(Bucket=self.bucket, Key=self.key(name))["Body"]
            digest = hashlib.sha256()
            # A converted dataset can be larger than the memory of the function.
            for chunk in body.iter_chunks(2**20):
                digest.update(chunk)
        return digest.hexdigest()

    def find(self, name: str) -> bytes | None:
        """An artifact's bytes, or None when it is absent.

        It lists the name first: for a role that may not list the whole bucket, S3 answers the read of an absent object
        with AccessDenied.
        """
        return self.read(name) if name in self.list(name) else None

    def read_lines(self, name: str) -> Iterator[Any]:
        """The records of a JSONL file whose form depends on the model family, streamed."""
        return (json.loads(line) for line in self._lines(name))

    def _lines(self, name: str) -> Iterator[bytes]:
        with mapped_errors(f"read {self.uri(name)}"):
            body = self._s3.get_object(Bucket=self.bucket, Key=self.key(name))["Body"]
            yield from body.iter_lines()

    def write(self, name: str, data: bytes) -> str:
        """Writes an artifact and returns its address."""
        kind = _CONTENT_TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        with mapped_errors(f"write {self.uri(name)}"):
            self._s3.put_object(Bucket=self.bucket, Key=self.key(name), Body=data, ContentType=kind)
        return self.uri(name)

    def find_version(self, name: str) -> tuple[bytes | None, str | None]:
        """An artifact's bytes and its version, for `replace`; both None when it is absent."""
        return SharedObject(self.bucket, self.key(name), self._s3).read()

    def replace(self, name: str, data: bytes, version: str | None) -> bool:
        """Writes a JSON artifact if it still has this version. False when another writer was faster."""
        return SharedObject(self.bucket, self.key(name), self._s3).write(data, version)

    def list(self, prefix: str) -> list[str]:
        """Names of the artifacts below `prefix`, sorted."""
        return sorted(self.last_modified(prefix))

    def last_modified(self, prefix: str = "") -> dict[str, datetime]:
        """When each artifact below `prefix` was last written, by its name."""
        with mapped_errors(f"list {self.uri(prefix)}"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.key(prefix))
            entries = [entry for page in pages for entry in page.get("Contents", [])]
        return {entry["Key"].removeprefix(Keys.folder(self.run_id)): entry["LastModified"] for entry in entries}

    def sibling(self, run_id: str) -> RunFolder:
        """The folder of another run in the same bucket."""
        return RunFolder(self.bucket, run_id, self._s3)

    def runs(self, prefix: str = "") -> builtins.list[str]:
        """Ids of all runs in the bucket that begin with `prefix`, sorted; this one among them."""
        with mapped_errors(f"list the runs in s3://{self.bucket}/"):
            # With a delimiter, S3 returns one entry for each folder instead of one for each object.
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=Keys.folder(prefix).removesuffix("/"), Delimiter="/"
            )
            found = [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])]
        return sorted(name.split("/")[1] for name in found)

    @property
    def run_index(self) -> RunIndex:
        """The index and the page over all runs."""
        return RunIndex(self.bucket, self._s3)

    def asked_questions(self, contestant: Contestant) -> Iterator[EvaluationQuestion]:
        """The evaluation questions as the contestant is asked them, with its examples and passages."""
        contexts: dict[str, Context] = {}
        if contestant.context:
            contexts = {each.id: each for each in self.load_records(Keys.contexts(contestant.name), Context)}
        for question in self.load_records(Keys.EVALUATION, EvaluationQuestion):
            yield contexts[question.id].asked(question) if contestant.context else question

    def answers(self, contestant: ContestantName) -> builtins.list[Answer]:
        """All answers of a contestant, in the order of the shards."""
        return [answer for name in self.list(f"answers/{contestant}/") for answer in self.load_records(name, Answer)]
