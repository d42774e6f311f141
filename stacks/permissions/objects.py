"""Permissions on the two buckets and their key."""

from __future__ import annotations

from stacks.permissions.grant import Grant
from stacks.permissions.places import Places
from tuner.run import INCOMING, Keys

_RUNS = "runs/*"


def list_datasets(places: Places) -> list[Grant]:
    """To see whether a dataset's folder is quiet and complete."""
    return [_list(places.data_bucket, f"{INCOMING}*", "sees which files a dataset has, and that they rest")]


def read_datasets(places: Places) -> list[Grant]:
    """A dataset's files, at the version they were pinned to."""
    return [
        Grant(
            ("s3:GetObject", "s3:GetObjectVersion"),
            (f"{places.data_bucket}/{INCOMING}*",),
            "reads the dataset's files at their pinned versions",
        ),
        _decrypt(places),
    ]


def read_run(places: Places) -> list[Grant]:
    """A run's artifacts. Listing makes an absent object a NoSuchKey instead of an AccessDenied."""
    return [
        Grant(("s3:GetObject",), (f"{places.artifacts_bucket}/{_RUNS}",), "reads what earlier steps wrote"),
        _list(places.artifacts_bucket, _RUNS, "tells an artifact that is absent from one that is forbidden"),
        _decrypt(places),
    ]


def write_run(places: Places, *names: str) -> list[Grant]:
    """The run's artifacts with these names (`*` allowed in them)."""
    return [
        Grant(
            ("s3:PutObject",),
            tuple(f"{places.artifacts_bucket}/{_RUNS}/{name}" for name in names),
            "writes what this step makes",
        ),
        _through(
            places, "s3", ("kms:GenerateDataKey", "kms:Decrypt"), "encrypts what it writes, large objects in parts"
        ),
    ]


def write_overview(places: Places) -> list[Grant]:
    """The page over all runs. Encrypting it is granted with the run's artifacts."""
    page = f"{places.artifacts_bucket}/{Keys.OVERVIEW}"
    return [Grant(("s3:PutObject",), (page,), "writes the page over all runs")]


def _list(bucket: str, prefix: str, reason: str) -> Grant:
    # IfExists: S3 also asks for ListBucket, without a prefix, when a GetObject finds nothing.
    return Grant(("s3:ListBucket",), (bucket,), reason, {"StringLikeIfExists": {"s3:prefix": prefix}})


def _decrypt(places: Places) -> Grant:
    return _through(places, "s3", ("kms:Decrypt",), "decrypts what it reads")


def _through(places: Places, service: str, actions: tuple[str, ...], reason: str) -> Grant:
    via = {"StringEquals": {"kms:ViaService": f"{service}.{places.region}.amazonaws.com"}}
    return Grant(actions, (places.key,), reason, via)


def customization_data(places: Places) -> list[Grant]:
    """What Bedrock's service role may do: read the training data, write metrics beside it."""
    bucket, output = places.artifacts_bucket, f"{_RUNS}/training/output/*"
    return [
        Grant(
            ("s3:GetObject",),
            (f"{bucket}/{_RUNS}/dataset/*", f"{bucket}/{output}"),
            "reads the training and validation records, and checks what it wrote",
        ),
        Grant(("s3:PutObject",), (f"{bucket}/{output}",), "writes the loss metrics"),
        _list(bucket, _RUNS, "finds the files it was given"),
        Grant(("kms:Decrypt", "kms:GenerateDataKey"), (places.key,), "decrypts the records, encrypts the metrics"),
    ]


def publish(places: Places) -> list[Grant]:
    """To the topic of notifications, which is encrypted with the same key."""
    return [
        Grant(("sns:Publish",), (places.topic,), "says how the run ended"),
        _through(places, "sns", ("kms:GenerateDataKey", "kms:Decrypt"), "encrypts the notification"),
    ]
