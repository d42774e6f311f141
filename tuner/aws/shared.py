"""An object that several runs write: it is only replaced by who has seen its latest version."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from tuner.aws.translate import code_of, translated

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
