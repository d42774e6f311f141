"""S3 access of a job, with the credentials of its service role.

A permission that the role lacks fails the job, as on AWS.
"""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.bedrock.jobs.failure import JobFailedError

# One session for all jobs: each would read the model of S3 again, which takes 0.1 s. Sessions are not thread-safe.
_SESSION, _CREATES = botocore.session.get_session(), threading.Lock()
WRITE_CHECK = ".write_access_check_file.tmp"


@dataclass(frozen=True, slots=True)
class S3Uri:
    """`s3://bucket/key`."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> S3Uri:
        """Parses a URI. The service model's pattern was checked before."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return cls(bucket, key)

    def below(self, path: str) -> S3Uri:
        """A key under this prefix."""
        prefix = self.key.rstrip("/")
        return S3Uri(self.bucket, f"{prefix}/{path}" if prefix else path)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Temporary credentials of a role session."""

    access_key: str
    secret_key: str
    token: str


class Storage(Protocol):
    """The S3 operations of a job."""

    def read(self, uri: S3Uri, target: Path) -> None:
        """Downloads an object."""

    def check_writable(self, prefix: S3Uri) -> None:
        """Checks that output can be written under the prefix, before the training starts."""

    def write(self, uri: S3Uri, content: bytes) -> None:
        """Uploads an object."""


class RoleStorage:
    """S3 over its API, with the credentials of a role."""

    def __init__(self, credentials: Credentials, region: str) -> None:
        config = Config(retries={"mode": "standard", "total_max_attempts": 3}, s3={"addressing_style": "path"})
        with _CREATES:
            self._s3: Any = _SESSION.create_client(
                "s3",
                region,
                aws_access_key_id=credentials.access_key,
                aws_secret_access_key=credentials.secret_key,
                aws_session_token=credentials.token,
                config=config,
            )

    def read(self, uri: S3Uri, target: Path) -> None:
        """Checks ListBucket and GetObject, then downloads.

        Raises:
            JobFailedError: access is denied or the object is missing. Bedrock's message is followed by S3's.
        """
        try:
            # Bedrock needs s3:ListBucket on the bucket, not only s3:GetObject.
            self._s3.list_objects_v2(Bucket=uri.bucket, Prefix=uri.key, MaxKeys=1)
            content = self._s3.get_object(Bucket=uri.bucket, Key=uri.key)["Body"]
            with target.open("wb") as file:
                shutil.copyfileobj(content, file)
        except (ClientError, BotoCoreError) as error:
            raise JobFailedError(
                f"Could not validate GetObject permissions to access Amazon S3 bucket: {uri.bucket} "
                f"at key {uri.key} ({error})"
            ) from error

    def check_writable(self, prefix: S3Uri) -> None:
        """Writes the check file that Bedrock writes under the prefix.

        Raises:
            JobFailedError: access is denied or the object is missing. Bedrock's message is followed by S3's.
        """
        self.write(prefix.below(WRITE_CHECK), b"")

    def write(self, uri: S3Uri, content: bytes) -> None:
        """Uploads an object.

        Raises:
            JobFailedError: access is denied or the object is missing. Bedrock's message is followed by S3's.
        """
        try:
            self._s3.put_object(Bucket=uri.bucket, Key=uri.key, Body=content)
        except (ClientError, BotoCoreError) as error:
            raise JobFailedError(
                "Amazon S3 perms missing (PutObject): Could not validate PutObject permissions to access S3 bucket: "
                f"{uri.bucket} at key {uri.key} ({error})"
            ) from error
