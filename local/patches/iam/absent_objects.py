"""Reading an object that does not exist: MiniStack says so to everyone who may read, AWS only to those who may list.

Source: Amazon S3 API Reference, GetObject and HeadObject: without `s3:ListBucket` an absent object is a 403.
"""

from collections.abc import Iterator

from ministack.services import s3

from local.patches.iam.authorization import Check, Request, guard


def install() -> None:
    """Ask for `s3:ListBucket` before an absence is told."""
    guard("s3", absence_checks)


def absence_checks(request: Request) -> Iterator[Check]:
    """The permission to list, where a request reads an object that its bucket does not have."""
    bucket, _, name = request.path.lstrip("/").partition("/")
    held = s3._buckets.get(bucket)
    if name and request.method in ("GET", "HEAD") and held is not None and name not in held["objects"]:
        version = (request.query.get("versionId") or [""])[0]
        if not any(stored["version_id"] == version for stored in s3._object_versions.get((bucket, name), [])):
            yield Check("s3:ListBucket", f"arn:aws:s3:::{bucket}")
