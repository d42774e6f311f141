"""An object that several runs write: it is only replaced by who has seen its latest version."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from tuner.aws.clients import client
from tuner.aws.error_mapping import code_of, translated

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
_OVERTAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}


def replace(s3: Any, bucket: str, key: str, data: bytes, version: str | None) -> bool:
    """Replaces the JSON document of this ETag, or makes the first; False when another was written meanwhile."""
    condition = {"IfMatch": version} if version else {"IfNoneMatch": "*"}
    with translated(f"write s3://{bucket}/{key}"):
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=data, ContentType="application/json", **condition)
        except ClientError as error:
            if code_of(error) in _OVERTAKEN:
                return False
            raise
    return True


class SharedDocument:
    """A JSON object at `key` of the artifacts bucket, beside the runs' folders."""

    key: ClassVar[str]

    def __init__(self, bucket: str, s3: Any = None) -> None:
        self._bucket = bucket
        self._s3 = s3 or client("s3")

    def read(self) -> tuple[dict[str, Any], str | None]:
        """The document and its version; None when there is nothing yet."""
        with translated(f"read s3://{self._bucket}/{self.key}"):
            # Asked by listing, as runs' folders are.
            listed = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=self.key, MaxKeys=1)
            if not listed.get("Contents"):
                return {}, None
            found = self._s3.get_object(Bucket=self._bucket, Key=self.key)
            document: dict[str, Any] = json.loads(found["Body"].read())
        return document, found["ETag"]

    def write(self, document: Any, version: str | None) -> bool:
        """Replaces what is of this version; False when another run wrote meanwhile."""
        body = json.dumps(document, indent=2).encode() + b"\n"
        return replace(self._s3, self._bucket, self.key, body, version)
