"""A cloud without the app for these tests: its administrator, and roles without permissions."""

import io
import json
import time
import uuid
import zipfile

import boto3
import botocore.config
import botocore.exceptions
import pytest

from local import cloud
from local.folder import FOLDER_VARIABLE, CloudFolder

ACCOUNT = "000000000000"
QUICKLY = botocore.config.Config(retries={"total_max_attempts": 1})


@pytest.fixture(scope="package")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(tmp_path_factory.mktemp("local") / "cloud"))
        patch.setenv("LOCAL_PENDING", "0")
        yield CloudFolder.default()


@pytest.fixture(scope="package")
def status(folder):
    yield cloud.up(engine="tiny", deploy=False)
    cloud.down()


@pytest.fixture(scope="package")
def session(status):
    """boto3 as the account's administrator."""
    return session_of(cloud.env().variables)


def session_of(variables, **credentials):
    """boto3 against the cloud, as the administrator or with these credentials; it does not retry."""
    session = boto3.Session(
        **credentials
        or {
            "aws_access_key_id": variables["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": variables["AWS_SECRET_ACCESS_KEY"],
        },
        region_name=variables["AWS_REGION"],
    )
    make = session.client

    def client(service):
        return make(
            service, endpoint_url=variables["AWS_ENDPOINT_URL"], verify=variables["AWS_CA_BUNDLE"], config=QUICKLY
        )

    session.client = client
    return session


@pytest.fixture
def role(session):
    """Makes roles; `grant` sets the whole policy of one, `client` is a client with its credentials."""
    return Role(session)


class Role:
    """A role that the root and a service may assume."""

    def __init__(self, session, trusts="sts.amazonaws.com"):
        self._session, self._iam = session, session.client("iam")
        self.name = f"role-{uuid.uuid4().hex[:8]}"
        self.arn = f"arn:aws:iam::{ACCOUNT}:role/{self.name}"
        principal = {"AWS": f"arn:aws:iam::{ACCOUNT}:root", "Service": trusts}
        self._iam.create_role(
            RoleName=self.name,
            AssumeRolePolicyDocument=policy({"Principal": principal, "Action": "sts:AssumeRole"}),
        )

    def grant(self, *statements):
        self._iam.put_role_policy(RoleName=self.name, PolicyName="policy", PolicyDocument=policy(*statements))

    def client(self, service):
        keys = self._session.client("sts").assume_role(RoleArn=self.arn, RoleSessionName="test")["Credentials"]
        return session_of(
            cloud.env().variables,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        ).client(service)


def policy(*statements):
    """A policy document that allows these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})


def denial(call, **arguments):
    """The message of the AccessDenied that the call must meet."""
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        call(**arguments)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403, raised.value
    return str(raised.value)


@pytest.fixture
def bucket(session):
    """A bucket with its own KMS key, whose key policy delegates to IAM. Returns its name and the key's ARN."""
    key = session.client("kms").create_key()["KeyMetadata"]["Arn"]
    name = f"bucket-{uuid.uuid4().hex[:8]}"
    s3 = session.client("s3")
    s3.create_bucket(Bucket=name)
    encryption = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [encryption]})
    return name, key


@pytest.fixture
def function(session):
    """A function that raises `OutOfLuckError` if its event says so."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr(
            "main.py",
            "class OutOfLuckError(Exception): pass\n"
            "def handler(event, context):\n"
            "    if event.get('fail'): raise OutOfLuckError('no luck')\n"
            "    return 'done'\n",
        )
    created = session.client("lambda").create_function(
        FunctionName=f"function-{uuid.uuid4().hex[:8]}",
        Runtime="python3.13",
        Handler="main.handler",
        Role=Role(session, "lambda.amazonaws.com").arn,
        Code={"ZipFile": code.getvalue()},
    )
    return created["FunctionArn"]


def eventually(ask, seconds=60):
    """The first result of `ask` that is not None."""
    deadline = time.monotonic() + seconds
    while (answer := ask()) is None:
        assert time.monotonic() < deadline, "it did not end in time"
        time.sleep(0.05)
    return answer
