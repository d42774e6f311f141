"""Objects that have several writers: only a writer that has seen the latest version replaces it.

S3 compares the object's ETag (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from tuner.aws.clients import client
from tuner.aws.error_mapping import code_of, mapped_errors

# S3's answers when another writer was faster: the ETag differs, both wrote at the same time, or the object is gone.
_OVERTAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}


def conditional_put(s3: Any, bucket: str, key: str, data: bytes, version: str | None) -> bool:
    """Replaces the JSON document with this ETag, or creates it when `version` is None.

    Returns False when another writer was faster.
    """
    condition = {"IfMatch": version} if version else {"IfNoneMatch": "*"}
    with mapped_errors(f"write s3://{bucket}/{key}"):
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=data, ContentType="application/json", **condition)
        except ClientError as error:
            if code_of(error) in _OVERTAKEN:
                return False
            raise
    return True


class SharedObject:
    """A JSON object in the artifacts bucket that several writers replace: several runs, or invocations of one step.

    Calls: s3:ListBucket, s3:GetObject, s3:PutObject.
    """

    def __init__(self, bucket: str, key: str, s3: Any = None) -> None:
        self._bucket = bucket
        self._key = key
        self._s3 = s3 or client("s3")

    def read(self) -> tuple[bytes | None, str | None]:
        """The object's bytes and its version; both None when it does not exist."""
        with mapped_errors(f"read s3://{self._bucket}/{self._key}"):
            # A read of an absent object is an AccessDenied for a role that may list only a prefix of the bucket, so the
            # object is listed first.
            listed = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=self._key, MaxKeys=1)
            if not listed.get("Contents"):
                return None, None
            found = self._s3.get_object(Bucket=self._bucket, Key=self._key)
            return found["Body"].read(), found["ETag"]

    def write(self, data: bytes, version: str | None) -> bool:
        """Replaces the object of this version. False when somebody else wrote it meanwhile."""
        return conditional_put(self._s3, self._bucket, self._key, data, version)
