"""Permissions on the objects of the two buckets, and on the key that encrypts them."""

from __future__ import annotations

from stacks.permissions import network
from stacks.permissions.arns import Arns
from stacks.permissions.grant import Grant
from stacks.permissions.kms import use_key
from tuner.core.artifact_keys import Keys
from tuner.core.run import INCOMING

_RUNS = "runs/*"


def list_datasets(arns: Arns) -> list[Grant]:
    """Lists datasets, to see whether an upload is complete."""
    return [_list(arns.data_bucket, f"{INCOMING}*", "lists the dataset's files, and sees whether they still change")]


def read_arrivals(arns: Arns) -> list[Grant]:
    """Reads the current versions of a dataset's files, to pin them."""
    files = (f"{arns.data_bucket}/{INCOMING}*",)
    return [Grant(("s3:GetObject",), files, "reads the dataset's files to pin their content"), _decrypt(arns)]


def read_pinned(arns: Arns) -> list[Grant]:
    """Reads a dataset's files at their pinned versions."""
    files = (f"{arns.data_bucket}/{INCOMING}*",)
    return [
        # S3 checks this action, and not s3:GetObject, if a request names a version.
        Grant(("s3:GetObjectVersion",), files, "reads the dataset's files at their pinned versions"),
        _decrypt(arns),
    ]


def read_run(arns: Arns, *names: str) -> list[Grant]:
    """Reads the artifacts of runs with these names, which can contain `*`; without names, all of them.

    A name that begins with `runs/` is the key of an artifact that all runs share.
    """
    bucket = arns.artifacts_bucket
    keys = (name if name.startswith("runs/") else f"{_RUNS}/{name}" for name in names)
    files = tuple(f"{bucket}/{key}" for key in keys) or (f"{bucket}/{_RUNS}",)
    return [Grant(("s3:GetObject",), files, "reads what earlier steps wrote"), _decrypt(arns)]


def find_in_run(arns: Arns) -> list[Grant]:
    """Lists the artifacts of runs."""
    return [_list(arns.artifacts_bucket, _RUNS, "lists which artifacts exist")]


def write_run(arns: Arns, *names: str) -> list[Grant]:
    """Writes artifacts of runs with these names, which can contain `*`."""
    return [
        Grant(
            ("s3:PutObject",),
            tuple(f"{arns.artifacts_bucket}/{_RUNS}/{name}" for name in names),
            "writes the artifacts of this step",
        ),
        use_key(arns, "s3", ("kms:GenerateDataKey",), "encrypts what it writes"),
    ]


def write_dataset(arns: Arns) -> list[Grant]:
    """Writes the converted dataset, with a multipart upload if it is large."""
    parts = (f"{arns.artifacts_bucket}/{_RUNS}/dataset/*",)
    return [
        *write_run(arns, "dataset/*"),
        Grant(("s3:AbortMultipartUpload",), parts, "aborts the upload of a large dataset that has errors"),
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
        use_key(arns, "s3", ("kms:Decrypt",), "joins the encrypted parts of a large dataset"),
    ]


def write_overview(arns: Arns) -> list[Grant]:
    """Writes the overview of all runs and its index. `write_run` grants the encryption."""
    both = tuple(f"{arns.artifacts_bucket}/{name}" for name in (Keys.OVERVIEW, Keys.INDEX))
    return [Grant(("s3:PutObject",), both, "writes the overview of all runs, and its index")]


def write_trainings(arns: Arns) -> list[Grant]:
    """Writes which runs use the same training. `write_run` grants the encryption."""
    trainings = f"{arns.artifacts_bucket}/{Keys.training('*')}"
    return [Grant(("s3:PutObject",), (trainings,), "registers that the run uses a job, so that no release stops it")]


def write_endpoint_times(arns: Arns) -> list[Grant]:
    """Writes how long endpoints took until they were in service. `write_run` grants the encryption."""
    times = f"{arns.artifacts_bucket}/{Keys.ENDPOINT_TIMES}"
    return [Grant(("s3:PutObject",), (times,), "stores how long an endpoint takes until it is in service")]


def write_prices(arns: Arns) -> list[Grant]:
    """Writes the cached response of AWS's price list. `write_run` grants the encryption."""
    prices = f"{arns.artifacts_bucket}/{Keys.PRICES}"
    return [Grant(("s3:PutObject",), (prices,), "caches AWS's prices for a day")]


def read_encoder(arns: Arns) -> list[Grant]:
    """Reads BERTScore's encoder, one object in the CDK's asset bucket.

    If that bucket has a customer managed key, the key policy of the bootstrap stack allows the account to decrypt
    through S3.
    """
    return [Grant(("s3:GetObject",), (arns.encoder,), "reads the encoder at its cold start")]


def _list(bucket: str, prefix: str, reason: str) -> Grant:
    # IfExists: for a GetObject of a missing key, S3 also checks ListBucket, and that check has no prefix.
    return Grant(("s3:ListBucket",), (bucket,), reason, {"StringLikeIfExists": {"s3:prefix": prefix}})


def _decrypt(arns: Arns) -> Grant:
    return use_key(arns, "s3", ("kms:Decrypt",), "decrypts what it reads")


def list_for_job(arns: Arns) -> Grant:
    """Lists the artifacts of runs, for a job of Bedrock."""
    return _list(arns.artifacts_bucket, _RUNS, "finds the files it was given")


def customization_data(arns: Arns) -> list[Grant]:
    """All grants of Bedrock's service role: reads the training data and writes its metrics."""
    bucket, output = arns.artifacts_bucket, f"{_RUNS}/training/output/*"
    return [
        Grant(
            ("s3:GetObject",),
            (f"{bucket}/{_RUNS}/dataset/*", f"{bucket}/{output}"),
            "reads the training and validation records, and checks what it wrote",
        ),
        # Before the training, Bedrock writes a small file here to check its access.
        Grant(("s3:PutObject",), (f"{bucket}/{output}",), "writes the loss metrics"),
        list_for_job(arns),
        Grant(("kms:Decrypt", "kms:GenerateDataKey"), (arns.key,), "decrypts the records, encrypts the metrics"),
        *network.job_network(arns),
    ]
