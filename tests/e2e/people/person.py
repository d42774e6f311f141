"""Users with one policy of the stack and no other permission, and the commands that they run."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Mapping

from tests.e2e.pipeline import Pipeline


def person(pipeline: Pipeline, environment: Mapping[str, str], output: str) -> dict[str, str]:
    """The environment of a user who has one policy of the stack and no other permission."""
    iam, name = pipeline.client("iam"), f"person-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn=pipeline.outputs[output])
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {**environment, "AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def tuner(environment: Mapping[str, str], *arguments: str, status: int = 0) -> str:
    """What the command printed, with single spaces. It must end with this status."""
    done = subprocess.run(["tuner", *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == status, f"{arguments}: {done.stdout}\n{done.stderr}"
    return " ".join((done.stdout + done.stderr).split())


def access_of(environment: Mapping[str, str]) -> dict[str, str]:
    """The arguments of boto3 for a person."""
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    return {key.lower(): environment[key] for key in keys} | {"region_name": "us-east-1"}
