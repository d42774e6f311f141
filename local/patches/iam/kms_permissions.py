"""Objects under SSE-KMS, and topics with a key: AWS needs the caller's permission on the key, MiniStack asks for none.

Encryption itself stays a matter of record in MiniStack (nothing is stored encrypted); what counts here is that a role
without `kms:Decrypt` or `kms:GenerateDataKey` fails as on AWS. Key policies are evaluated by MiniStack: the usual
statement for the account's root delegates to IAM policies, anything else must name the caller. SSE-KMS without a key
means the account's `aws/s3` key, which needs no permission; MiniStack refuses such a write, which is the CDK's own way
to upload its assets to the bucket it bootstrapped.

Source: Amazon S3 User Guide, "Using server-side encryption with AWS KMS keys" (permissions, also for multipart
uploads); Amazon SNS Developer Guide, "Managing Amazon SNS encryption keys".
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote

from ministack.core import responses
from ministack.services import s3, sns

from local.patches.iam.authorization import Check, Request, guard

_SSE_HEADER = "x-amz-server-side-encryption"
_KEY_HEADER = "x-amz-server-side-encryption-aws-kms-key-id"
_WRITE = ("kms:GenerateDataKey",)
_READ = ("kms:Decrypt",)


def install() -> None:
    """Check the key in front of S3 and SNS."""
    guard("s3", object_checks)
    guard("sns", topic_checks)
    _allow_managed_key()


def _allow_managed_key() -> None:
    original = s3._resolve_sse_write_headers

    def with_key(headers: dict[str, str], bucket: str) -> Any:
        if headers.get(_SSE_HEADER) == "aws:kms" and not headers.get(_KEY_HEADER):
            headers = {**headers, _KEY_HEADER: _key_arn("alias/aws/s3")}
        return original(headers, bucket)

    s3._resolve_sse_write_headers = with_key


def object_checks(request: Request) -> Iterator[Check]:
    """The permissions on keys that reading or writing an object needs."""
    bucket, _, name = request.path.lstrip("/").partition("/")
    if not name:
        return
    if request.method in ("PUT", "POST") and not _is_subresource(request):
        parts = "uploadId" in request.query or "uploads" in request.query
        key = _key_of_upload(request) or _key_of_bucket(request, bucket)
        yield from _checks(_WRITE + _READ if parts else _WRITE, key, bucket, name)
        source = request.headers.get("x-amz-copy-source")
        if source:
            yield from _source_checks(source)
    elif request.method == "GET" and not _is_subresource(request):
        version = (request.query.get("versionId") or [""])[0]
        yield from _checks(_READ, _key_of_object(bucket, name, version), bucket, name)


def topic_checks(request: Request) -> Iterator[Check]:
    """Publishing to a topic with a key takes a data key and its decryption."""
    parameters = parse_qs(request.body.decode("utf-8", "replace"))
    if parameters.get("Action", [""])[0] not in ("Publish", "PublishBatch"):
        return
    topic = sns._topics.get(parameters.get("TopicArn", [""])[0])
    key = topic["attributes"].get("KmsMasterKeyId") if topic else None
    if not key:
        return
    context = {"kms:viaservice": f"sns.{responses.get_region()}.amazonaws.com"}
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        yield Check(action, _key_arn(key), context)


def _checks(actions: tuple[str, ...], key: str | None, bucket: str, name: str) -> Iterator[Check]:
    if not key or key.endswith("alias/aws/s3"):
        return
    # A bucket key is encrypted for the bucket, an object's own data key for the object.
    encrypted_for = f"arn:aws:s3:::{bucket}" if _has_bucket_key(bucket) else f"arn:aws:s3:::{bucket}/{name}"
    context = {
        "kms:viaservice": f"s3.{responses.get_region()}.amazonaws.com",
        "kms:calleraccount": responses.get_account_id(),
        "kms:encryptioncontext:aws:s3:arn": encrypted_for,
    }
    for action in actions:
        yield Check(action, _key_arn(key), context)


def _source_checks(source: str) -> Iterator[Check]:
    path, _, query = source.lstrip("/").partition("?")
    bucket, _, name = unquote(path).partition("/")
    version = parse_qs(query).get("versionId", [""])[0]
    yield from _checks(_READ, _key_of_object(bucket, name, version), bucket, name)


def _is_subresource(request: Request) -> bool:
    """Tags, ACLs and the like of an object: kept beside it, not encrypted with its key."""
    return any(name in request.query for name in ("tagging", "acl", "retention", "legal-hold", "restore", "torrent"))


def _key_of_bucket(request: Request, bucket: str) -> str | None:
    if _SSE_HEADER in request.headers:
        return request.headers.get(_KEY_HEADER)
    default: dict[str, str] = s3._bucket_default_sse_headers(bucket)
    return default.get(_KEY_HEADER)


def _key_of_upload(request: Request) -> str | None:
    upload = s3._multipart_uploads.get((request.query.get("uploadId") or [""])[0])
    return upload.get("preserved_headers", {}).get(_KEY_HEADER) if upload else None


def _key_of_object(bucket: str, name: str, version: str) -> str | None:
    if version:
        for stored in s3._object_versions.get((bucket, name), []):
            if stored["version_id"] == version:
                return _key_in(s3._object_record_from_version(stored))
        return None
    return _key_in(s3._buckets.get(bucket, {}).get("objects", {}).get(name))


def _key_in(record: dict[str, dict[str, str]] | None) -> str | None:
    return record.get("preserved_headers", {}).get(_KEY_HEADER) if record else None


def _has_bucket_key(bucket: str) -> bool:
    return "<BucketKeyEnabled>true</BucketKeyEnabled>" in (s3._bucket_encryption.get(bucket) or "")


def _key_arn(key: str) -> str:
    if key.startswith("arn:"):
        return key
    resource = key if key.startswith("alias/") else f"key/{key}"
    return f"arn:aws:kms:{responses.get_region()}:{responses.get_account_id()}:{resource}"
