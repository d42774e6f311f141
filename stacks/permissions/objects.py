"""Permissions on the two buckets and their key."""

from __future__ import annotations

from stacks.permissions import network
from stacks.permissions.arns import Places
from stacks.permissions.grant import Grant
from tuner.core.artifact_keys import Keys
from tuner.core.run import INCOMING

_RUNS = "runs/*"


def list_datasets(places: Places) -> list[Grant]:
    """To see whether a dataset's folder is quiet and complete."""
    return [_list(places.data_bucket, f"{INCOMING}*", "sees which files a dataset has, and that they rest")]


def read_arrivals(places: Places) -> list[Grant]:
    """A dataset's files as they are now, to pin them."""
    files = (f"{places.data_bucket}/{INCOMING}*",)
    return [Grant(("s3:GetObject",), files, "reads the dataset's files to pin their content"), _decrypt(places)]


def read_pinned(places: Places) -> list[Grant]:
    """A dataset's files, at the version they were pinned to and at no other."""
    files = (f"{places.data_bucket}/{INCOMING}*",)
    return [
        Grant(("s3:GetObjectVersion",), files, "reads the dataset's files at their pinned versions"),
        _decrypt(places),
    ]


def read_run(places: Places) -> list[Grant]:
    """A run's artifacts that must be there."""
    return [
        Grant(("s3:GetObject",), (f"{places.artifacts_bucket}/{_RUNS}",), "reads what earlier steps wrote"),
        _decrypt(places),
    ]


def find_in_run(places: Places) -> list[Grant]:
    """Which artifacts of a run there are."""
    return [_list(places.artifacts_bucket, _RUNS, "looks which artifacts there are")]


def write_run(places: Places, *names: str) -> list[Grant]:
    """The run's artifacts with these names (`*` allowed in them)."""
    return [
        Grant(
            ("s3:PutObject",),
            tuple(f"{places.artifacts_bucket}/{_RUNS}/{name}" for name in names),
            "writes what this step makes",
        ),
        _through(places, "s3", ("kms:GenerateDataKey",), "encrypts what it writes"),
    ]


def write_dataset(places: Places) -> list[Grant]:
    """The converted dataset, in parts when it is large."""
    parts = (f"{places.artifacts_bucket}/{_RUNS}/dataset/*",)
    return [
        *write_run(places, "dataset/*"),
        Grant(("s3:AbortMultipartUpload",), parts, "drops the parts of a large dataset that turns out to have errors"),
        _through(places, "s3", ("kms:Decrypt",), "joins the encrypted parts of a large dataset"),
    ]


def write_overview(places: Places) -> list[Grant]:
    """The page over all runs, and what it is made from. Encrypting them is granted with the run's artifacts."""
    both = tuple(f"{places.artifacts_bucket}/{name}" for name in (Keys.OVERVIEW, Keys.INDEX))
    return [Grant(("s3:PutObject",), both, "writes the page over all runs, and the index it is made from")]


def write_trainings(places: Places) -> list[Grant]:
    """Which runs train with the same content. Encrypting it is granted with the run's artifacts."""
    trainings = f"{places.artifacts_bucket}/{Keys.training('*')}"
    return [Grant(("s3:PutObject",), (trainings,), "registers that the run uses a job, so that no release stops it")]


def write_endpoint_times(places: Places) -> list[Grant]:
    """What endpoints took into service. Encrypting it is granted with the run's artifacts."""
    times = f"{places.artifacts_bucket}/{Keys.ENDPOINT_TIMES}"
    return [Grant(("s3:PutObject",), (times,), "remembers how long an endpoint takes into service")]


def write_prices(places: Places) -> list[Grant]:
    """What AWS's price list answered. Encrypting it is granted with the run's artifacts."""
    prices = f"{places.artifacts_bucket}/{Keys.PRICES}"
    return [Grant(("s3:PutObject",), (prices,), "remembers AWS's prices for a day")]


def read_encoder(places: Places) -> list[Grant]:
    """BERTScore's encoder: one object of the CDK's assets.

    Where that bucket has a customer key, the bootstrap stack's key policy lets the account decrypt through S3.
    """
    return [Grant(("s3:GetObject",), (places.encoder,), "reads the encoder at its cold start")]


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
        *network.of_jobs(places),
    ]


def publish(places: Places) -> list[Grant]:
    """To the topic of notifications, which is encrypted with the same key."""
    return [
        Grant(("sns:Publish",), (places.topic,), "says how the run ended"),
        _through(places, "sns", ("kms:GenerateDataKey", "kms:Decrypt"), "encrypts the notification"),
    ]
