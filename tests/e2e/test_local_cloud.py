"""A cloud without the app: TLS only, IAM enforced as on AWS, and nothing left of it afterwards.

Each test takes one permission away and expects the AccessDenied that names it, then gives it and expects success.
"""

import io
import json
import os
import signal
import socket
import ssl
import time
import urllib.error
import urllib.request
import uuid
import zipfile

import boto3
import botocore.config
import botocore.exceptions
import psutil
import pytest

from local import cloud, processes
from local.errors import CloudStartError
from local.folder import FOLDER_VARIABLE, CloudFolder

pytestmark = pytest.mark.e2e

ACCOUNT = "000000000000"
QUICKLY = botocore.config.Config(retries={"total_max_attempts": 1})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(tmp_path_factory.mktemp("local") / "cloud"))
        yield CloudFolder.default()


@pytest.fixture(scope="module")
def status(folder):
    yield cloud.up(engine="tiny", deploy=False)
    cloud.down()


@pytest.fixture(scope="module")
def session(status):
    """boto3 as the account's administrator."""
    return _session(cloud.env().variables)


def _session(variables, **credentials):
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
    def __init__(self, session, trusts="sts.amazonaws.com"):
        self._session, self._iam = session, session.client("iam")
        self.name = f"role-{uuid.uuid4().hex[:8]}"
        self.arn = f"arn:aws:iam::{ACCOUNT}:role/{self.name}"
        principal = {"AWS": f"arn:aws:iam::{ACCOUNT}:root", "Service": trusts}
        self._iam.create_role(
            RoleName=self.name,
            AssumeRolePolicyDocument=_policy({"Principal": principal, "Action": "sts:AssumeRole"}),
        )

    def grant(self, *statements):
        self._iam.put_role_policy(RoleName=self.name, PolicyName="policy", PolicyDocument=_policy(*statements))

    def client(self, service):
        keys = self._session.client("sts").assume_role(RoleArn=self.arn, RoleSessionName="test")["Credentials"]
        return _session(
            cloud.env().variables,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        ).client(service)


def _policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})


def denial(call, **arguments):
    """The message of the AccessDenied that the call must meet."""
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        call(**arguments)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403, raised.value
    return str(raised.value)


@pytest.fixture
def bucket(session):
    """A bucket encrypted with a key of its own, whose policy delegates to IAM; (name, ARN of the key)."""
    key = session.client("kms").create_key()["KeyMetadata"]["Arn"]
    name = f"bucket-{uuid.uuid4().hex[:8]}"
    s3 = session.client("s3")
    s3.create_bucket(Bucket=name)
    encryption = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [encryption]})
    return name, key


@pytest.fixture
def function(session):
    """A function that raises `OutOfLuckError` when it is told to fail."""
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


def test_only_tls_with_this_clouds_certificate_answers(status):
    with pytest.raises(urllib.error.URLError, match="certificate verify failed"):
        urllib.request.urlopen(f"{status.endpoint}/_ministack/health", context=ssl.create_default_context())
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        urllib.request.urlopen(f"{status.endpoint.replace('https', 'http')}/_ministack/health")


def test_it_listens_on_one_port_of_loopback_only(status):
    listening = [c.laddr for c in psutil.Process(status.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert [f"https://{address.ip}:{address.port}" for address in listening] == [status.endpoint]


@pytest.mark.parametrize("key", [None, "test", ACCOUNT])
def test_a_wrong_secret_is_refused_for_every_name_of_the_root(status, key):
    variables = cloud.env().variables
    keys = {"aws_access_key_id": key or variables["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": "guessed"}
    stranger = _session(variables, **keys)
    assert "SignatureDoesNotMatch" in denial(stranger.client("sts").get_caller_identity)
    assert "SignatureDoesNotMatch" in denial(stranger.client("s3").list_buckets)
    assert "InvalidSignatureException" in denial(stranger.client("bedrock").list_foundation_models)


def test_an_unsigned_request_is_refused(status):
    variables = cloud.env().variables
    bedrock = urllib.request.Request(
        f"{status.endpoint}/foundation-models", headers={"Host": "bedrock.us-east-1.amazonaws.com"}
    )
    trust = ssl.create_default_context(cafile=variables["AWS_CA_BUNDLE"])
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(bedrock, context=trust)


def test_the_same_cloud_is_found_again(status):
    assert cloud.status() == status
    assert cloud.up(engine="tiny", deploy=False) == status


def test_a_role_needs_the_action_on_the_resource(role, bucket):
    name, _ = bucket
    role.grant({"Action": "s3:PutObject", "Resource": "arn:aws:s3:::elsewhere/*"})
    message = denial(role.client("s3").put_object, Bucket=name, Key="a", Body=b"")
    assert f"is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::{name}/a" in message
    assert f":assumed-role/{role.name}/" in message


def test_only_who_may_list_is_told_that_an_object_is_absent(role, bucket):
    name, _ = bucket
    read = {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    s3 = role.client("s3")
    role.grant(read)
    assert f"s3:ListBucket on resource: arn:aws:s3:::{name}" in denial(s3.get_object, Bucket=name, Key="absent")
    role.grant(read, {"Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{name}"})
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=name, Key="absent")


def test_an_encrypted_object_needs_its_key(role, bucket):
    name, key = bucket
    objects = {"Action": ["s3:PutObject", "s3:GetObject"], "Resource": f"arn:aws:s3:::{name}/*"}
    s3 = role.client("s3")
    role.grant(objects)
    message = denial(s3.put_object, Bucket=name, Key="a", Body=b"secret")
    assert f"not authorized to perform: kms:GenerateDataKey on resource: {key}" in message
    role.grant(objects, {"Action": "kms:GenerateDataKey", "Resource": key})
    s3.put_object(Bucket=name, Key="a", Body=b"secret")
    message = denial(s3.get_object, Bucket=name, Key="a")
    assert f"not authorized to perform: kms:Decrypt on resource: {key}" in message
    through_s3 = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    role.grant(objects, {"Action": "kms:Decrypt", "Resource": key, "Condition": through_s3})
    assert s3.get_object(Bucket=name, Key="a")["Body"].read() == b"secret"


def test_a_key_whose_policy_names_nobody_opens_for_nobody(session, role, bucket):
    name, key = bucket
    everything = {"Action": "*", "Resource": "*"}
    role.grant(everything)
    nobody = _policy({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}, "Action": "kms:*", "Resource": "*"})
    session.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=nobody)
    assert "kms:GenerateDataKey" in denial(role.client("s3").put_object, Bucket=name, Key="a", Body=b"")


def test_a_topic_is_for_those_whose_role_says_so(session, role):
    topic = session.client("sns").create_topic(Name=f"topic-{uuid.uuid4().hex[:8]}")["TopicArn"]
    role.grant({"Action": "sns:Subscribe", "Resource": topic})
    sns = role.client("sns")
    assert f"sns:Publish on resource: {topic}" in denial(sns.publish, TopicArn=topic, Message="news")
    role.grant({"Action": "sns:Publish", "Resource": topic})
    assert sns.publish(TopicArn=topic, Message="news")["MessageId"]


def test_converse_is_invoke_model_on_that_model(role):
    model = "amazon.nova-micro-v1:0"
    question = {"modelId": model, "messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
    arn = f"arn:aws:bedrock:us-east-1::foundation-model/{model}"
    runtime = role.client("bedrock-runtime")
    role.grant({"Action": "bedrock:Converse*", "Resource": "*"})
    assert f"bedrock:InvokeModel on resource: {arn}" in denial(runtime.converse, **question)
    role.grant({"Action": "bedrock:InvokeModel", "Resource": arn.replace("micro", "pro")})
    assert f"bedrock:InvokeModel on resource: {arn}" in denial(runtime.converse, **question)


def test_passing_a_role_needs_permission_for_that_role_and_service(session, role, function):
    passed = Role(session, "scheduler.amazonaws.com").arn
    schedule = {
        "Name": "later",
        "ScheduleExpression": "at(2099-01-01T00:00:00)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": function, "RoleArn": passed},
    }
    create = {"Action": "scheduler:CreateSchedule", "Resource": "*"}
    scheduler = role.client("scheduler")
    role.grant(create)
    assert f"iam:PassRole on resource: {passed}" in denial(scheduler.create_schedule, **schedule)
    only = {"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}}
    role.grant(create, {"Action": "iam:PassRole", "Resource": passed, "Condition": only})
    assert f"iam:PassRole on resource: {passed}" in denial(scheduler.create_schedule, **schedule)
    only["StringEquals"]["iam:PassedToService"] = "scheduler.amazonaws.com"
    role.grant(create, {"Action": "iam:PassRole", "Resource": passed, "Condition": only})
    assert scheduler.create_schedule(**schedule)["ScheduleArn"].endswith("schedule/default/later")


def test_a_schedule_is_authorised_in_its_own_group(session, role):
    group = f"group-{uuid.uuid4().hex[:8]}"
    session.client("scheduler").create_schedule_group(Name=group)
    role.grant(
        {"Action": "scheduler:GetSchedule", "Resource": f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/*"}
    )
    message = denial(role.client("scheduler").get_schedule, Name="later", GroupName=group)
    assert f"scheduler:GetSchedule on resource: arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/{group}/later" in message


def test_a_quota_is_authorised_by_its_own_arn(role):
    quotas = role.client("service-quotas")
    arn = f"arn:aws:servicequotas:us-east-1:{ACCOUNT}:bedrock/L-BE77399C"
    role.grant({"Action": "servicequotas:GetServiceQuota", "Resource": arn.replace("L-BE77399C", "L-00000000")})
    message = denial(quotas.get_service_quota, ServiceCode="bedrock", QuotaCode="L-BE77399C")
    assert f"servicequotas:GetServiceQuota on resource: {arn}" in message
    role.grant({"Action": "servicequotas:GetServiceQuota", "Resource": arn})
    assert quotas.get_service_quota(ServiceCode="bedrock", QuotaCode="L-BE77399C")["Quota"]["QuotaArn"] == arn


def test_a_state_machine_calls_functions_as_its_role(session, function):
    as_role = Role(session, "states.amazonaws.com")
    catch = {"ErrorEquals": ["OutOfLuckError"], "Next": "Unlucky"}
    call = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True, "Catch": [catch]}
    call["Arguments"] = {"FunctionName": function, "Payload": "{% $states.input %}"}
    states = {"Call": call, "Unlucky": {"Type": "Pass", "Output": "caught", "End": True}}
    definition = json.dumps({"QueryLanguage": "JSONata", "StartAt": "Call", "States": states})
    client = session.client("stepfunctions")
    machine = client.create_state_machine(name=as_role.name, definition=definition, roleArn=as_role.arn)[
        "stateMachineArn"
    ]

    def run(given):
        execution = client.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]
        return _eventually(lambda: _ended(client.describe_execution(executionArn=execution)))

    denied = run({})
    assert denied["error"] == "Lambda.AWSLambdaException"
    assert f"not authorized to perform: lambda:InvokeFunction on resource: {function}" in denied["cause"]
    as_role.grant({"Action": "lambda:InvokeFunction", "Resource": function})
    assert run({})["status"] == "SUCCEEDED"
    assert json.loads(run({"fail": True})["output"]) == "caught"


def _ended(execution):
    return execution if execution["status"] != "RUNNING" else None


def _eventually(ask, seconds=10):
    deadline = time.monotonic() + seconds
    while (answer := ask()) is None:
        assert time.monotonic() < deadline, "it did not end in time"
        time.sleep(0.05)
    return answer


def test_after_a_crash_status_says_so_and_up_starts_anew_even_when_its_port_is_taken(status, folder, monkeypatch):
    os.kill(status.pid, signal.SIGKILL)
    _eventually(lambda: None if processes.is_member(status.pid, folder) else True)
    assert not cloud.status().running
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        ports = iter([squatter.getsockname()[1], cloud._free_port()])
        monkeypatch.setattr(cloud, "_free_port", lambda: next(ports))
        again = cloud.up(engine="tiny", deploy=False)
    assert again.running
    assert again.pid != status.pid


def test_a_server_that_cannot_start_shows_why_and_leaves_nothing_running(folder, monkeypatch):
    cloud.down()
    monkeypatch.setenv("LOCAL_BEDROCK_THREADS", "-1")
    with pytest.raises(CloudStartError, match=r"(?s)ended while starting. The end of .*server.log:.*threads.*-1"):
        cloud.up(engine="tiny", deploy=False)
    assert processes.members(folder) == []


def test_down_leaves_nothing(status, folder):
    cloud.up(engine="tiny", deploy=False)
    assert processes.members(folder)
    assert cloud.down() is True
    assert processes.members(folder) == []
    assert not folder.root.exists()
    assert cloud.down() is False
