"""Reads large objects from S3 as a stream, and writes them completely or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError

from tuner.aws.clients import client
from tuner.aws.error_mapping import mapped_errors

CHUNK = 2**20
_PART = 8 * 2**20  # S3 allows 10,000 parts (80 GB), each of at least 5 MiB except for the last
_ATTEMPTS = 4


class ObjectSource:
    """One version of an object, or its latest version.

    When the connection breaks, the read continues where it stopped.
    """

    def __init__(self, bucket: str, key: str, version_id: str | None = None, s3: Any = None) -> None:
        self.name = key.rpartition("/")[2]
        self._uri = f"s3://{bucket}/{key}"
        self._object = {"Bucket": bucket, "Key": key} | ({"VersionId": version_id} if version_id else {})
        self._s3 = s3 or client("s3")

    def chunks(self) -> Iterator[bytes]:
        """The bytes, in chunks of about one megabyte. Raises RetryableError, AccessDeniedError or AwsError."""
        with mapped_errors(f"read {self._uri}"):
            position, broken = 0, 0
            size = None
            while size is None or position < size:
                body = self._open(position)
                size = size if size is not None else body["ContentLength"]
                try:
                    for chunk in body["Body"].iter_chunks(CHUNK):
                        position += len(chunk)
                        yield chunk
                except HTTPClientError:
                    broken += 1
                    if broken >= _ATTEMPTS:
                        raise

    def _open(self, position: int) -> Any:
        # S3 answers a range of an empty object with an error, so the first read asks for no range.
        span = {"Range": f"bytes={position}-"} if position else {}
        return self._s3.get_object(**self._object, **span)


class ObjectSink:
    """Writes an object with a multipart upload. It is visible only after `commit`; `discard` removes its parts."""

    def __init__(
        self,
        bucket: str,
        key: str,
        content_type: str = "application/x-ndjson",
        s3: Any = None,
        *,
        replaces: bool = True,
    ) -> None:
        # S3 refuses a conditional write when the object exists by then.
        self._condition = {} if replaces else {"IfNoneMatch": "*"}
        self._object = {"Bucket": bucket, "Key": key}
        self._uri = f"s3://{bucket}/{key}"
        self._content_type = content_type
        self._s3 = s3 or client("s3")
        self._buffer = bytearray()
        self._parts: list[dict[str, Any]] = []
        self._upload: str | None = None

    def write(self, data: bytes) -> None:
        """Appends `data`."""
        self._buffer += data
        while len(self._buffer) >= _PART:
            self._send(bytes(self._buffer[:_PART]))
            del self._buffer[:_PART]

    def commit(self) -> None:
        """Makes the object visible. An object that fits in one part needs no multipart upload."""
        with mapped_errors(f"write {self._uri}"):
            if self._upload is None:
                self._s3.put_object(
                    **self._object, Body=bytes(self._buffer), ContentType=self._content_type, **self._condition
                )
                return
        if self._buffer:
            self._send(bytes(self._buffer))
        with mapped_errors(f"write {self._uri}"):
            parts = {"Parts": self._parts}
            self._s3.complete_multipart_upload(
                **self._object, UploadId=self._upload, MultipartUpload=parts, **self._condition
            )
        self._upload = None

    def discard(self) -> None:
        """Aborts an upload that was not committed. The bucket's lifecycle rule aborts those of crashed functions."""
        if self._upload is None:
            return
        upload, self._upload = self._upload, None
        with mapped_errors(f"abort the upload of {self._uri}"):
            try:
                self._s3.abort_multipart_upload(**self._object, UploadId=upload)
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchUpload":
                    raise

    def _send(self, data: bytes) -> None:
        with mapped_errors(f"write {self._uri}"):
            if self._upload is None:
                answer = self._s3.create_multipart_upload(**self._object, ContentType=self._content_type)
                self._upload = answer["UploadId"]
            number = len(self._parts) + 1
            answer = self._s3.upload_part(**self._object, UploadId=self._upload, PartNumber=number, Body=data)
            self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})


def object_exists(bucket: str, key: str, s3: Any = None) -> bool:
    """Whether the object exists, as far as the caller may know: without s3:ListBucket, S3 denies to tell."""
    with mapped_errors(f"look for s3://{bucket}/{key}"):
        try:
            (s3 or client("s3")).head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"404", "403"}:
                return False
            raise
    return True


def object_address(address: str) -> tuple[str, str] | None:
    """Bucket and key of an `s3://` address; None for any other text."""
    if not address.startswith("s3://"):
        return None
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key


def keys_below(bucket: str, prefix: str) -> Iterator[str]:
    """Keys of the objects that begin with `prefix`, sorted, without the empty objects that mark folders."""
    with mapped_errors(f"list s3://{bucket}/{prefix}"):
        for page in client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            yield from (entry["Key"] for entry in page.get("Contents", []) if not entry["Key"].endswith("/"))
