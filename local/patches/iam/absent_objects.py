"""Reading an object that does not exist: AWS answers 404 only if the caller may list the bucket, and 403 otherwise.

MiniStack always answers 404. Source: Amazon S3 API Reference, GetObject and HeadObject, permission `s3:ListBucket`.
"""

from collections.abc import Iterator

from ministack.services import s3

from local.patches.iam.authorization import Check, Request, guard


def install() -> None:
    """Checks `s3:ListBucket` before a request for an absent object."""
    guard("s3", absence_checks)


def absence_checks(request: Request) -> Iterator[Check]:
    """`s3:ListBucket`, if a request reads an object that is not in its bucket."""
    bucket, _, name = request.path.lstrip("/").partition("/")
    found = s3._buckets.get(bucket)
    if name and request.method in ("GET", "HEAD") and found is not None and name not in found["objects"]:
        version = (request.query.get("versionId") or [""])[0]
        if not any(stored["version_id"] == version for stored in s3._object_versions.get((bucket, name), [])):
            yield Check("s3:ListBucket", f"arn:aws:s3:::{bucket}")
