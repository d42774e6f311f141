"""KMS permissions for objects under SSE-KMS and for encrypted topics. MiniStack checks none.

MiniStack only records the encryption settings and stores nothing encrypted. This patch makes a role without
`kms:Decrypt` or `kms:GenerateDataKey` fail as on AWS. MiniStack evaluates key policies: the usual statement for the
account's root delegates to IAM policies, any other statement must name the caller.

SSE-KMS without a key id means the account's `aws/s3` key, which needs no permission. MiniStack refuses such writes, but
the CDK uploads its assets to the bootstrap bucket in this way.

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
    """Checks the permissions on keys in front of S3 and SNS."""
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
    """The permissions on keys that a request for an object needs."""
    bucket, _, name = request.path.lstrip("/").partition("/")
    if not name:
        return
    if request.method in ("PUT", "POST") and not _is_subresource(request):
        # S3 decrypts the parts of a multipart upload to assemble them, so writing them needs kms:Decrypt, too.
        multipart = "uploadId" in request.query or "uploads" in request.query
        key = _key_of_upload(request) or _key_of_bucket(request, bucket)
        yield from _checks(_WRITE + _READ if multipart else _WRITE, key, bucket, name)
        source = request.headers.get("x-amz-copy-source")
        if source:
            yield from _source_checks(source)
    elif request.method == "GET" and not _is_subresource(request):
        version = (request.query.get("versionId") or [""])[0]
        yield from _checks(_READ, _key_of_object(bucket, name, version), bucket, name)


def topic_checks(request: Request) -> Iterator[Check]:
    """The permissions on the key of an encrypted topic. SNS generates a data key and decrypts it."""
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
    # The managed key of S3 needs no permission of the caller.
    if not key or key.endswith("alias/aws/s3"):
        return
    # The encryption context is the bucket's ARN with an S3 Bucket Key, and the object's ARN without one.
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
    """Whether a request is for tags, an ACL or the like of an object. These are not encrypted with its key."""
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
