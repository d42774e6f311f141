"""The page over all runs and its index, which lie outside of the runs' folders in the artifacts bucket."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from tuner.aws.error_mapping import code_of, mapped_errors
from tuner.aws.s3.conditional_put import conditional_put
from tuner.core.artifact_keys import Keys


class RunIndex:
    """The index with the summaries of all runs, and the page that is made from it. All runs write both."""

    def __init__(self, bucket: str, s3: Any) -> None:
        self._bucket = bucket
        self._s3 = s3

    def read_index(self) -> tuple[bytes | None, str | None]:
        """The index and its version; both None when there is none yet."""
        return self._read(Keys.INDEX)

    def write_index(self, data: bytes, version: str | None) -> bool:
        """Replaces the index of this version, or creates it. False when another run wrote it meanwhile."""
        return conditional_put(self._s3, self._bucket, Keys.INDEX, data, version)

    def write_page(self, page: bytes) -> None:
        """Writes the page, without a condition: the caller writes it again when the index has changed meanwhile."""
        with mapped_errors(f"write s3://{self._bucket}/{Keys.OVERVIEW}"):
            self._s3.put_object(
                Bucket=self._bucket, Key=Keys.OVERVIEW, Body=page, ContentType="text/html; charset=utf-8"
            )

    def read_page(self) -> bytes | None:
        """The page; None when no run has ended yet."""
        return self._read(Keys.OVERVIEW)[0]

    def _read(self, key: str) -> tuple[bytes | None, str | None]:
        with mapped_errors(f"read s3://{self._bucket}/{key}"):
            try:
                found = self._s3.get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                # No run has ended yet.
                if code_of(error) == "NoSuchKey":
                    return None, None
                raise
            return found["Body"].read(), found["ETag"]
