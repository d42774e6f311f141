"""Each test removes a permission, expects an AccessDenied that names it, grants it and expects success."""

import json
import uuid

import botocore.exceptions
import pytest

from tests.e2e.local.conftest import ACCOUNT, Role, denial, policy

pytestmark = pytest.mark.e2e


def test_a_role_needs_the_action_on_the_resource(role, bucket):
    name, _ = bucket
    role.grant({"Action": "s3:PutObject", "Resource": "arn:aws:s3:::elsewhere/*"})
    message = denial(role.client("s3").put_object, Bucket=name, Key="a", Body=b"")
    assert f"is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::{name}/a" in message
    assert f":assumed-role/{role.name}/" in message


def test_an_absent_object_is_a_404_only_with_list_bucket(role, bucket):
    name, _ = bucket
    read = {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    s3 = role.client("s3")
    role.grant(read)
    assert f"s3:ListBucket on resource: arn:aws:s3:::{name}" in denial(s3.get_object, Bucket=name, Key="absent")
    role.grant(read, {"Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{name}"})
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=name, Key="absent")


def test_an_encrypted_object_needs_permissions_on_its_key(role, bucket):
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


def test_a_key_policy_without_principals_allows_nobody(session, role, bucket):
    name, key = bucket
    everything = {"Action": "*", "Resource": "*"}
    role.grant(everything)
    nobody = policy({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}, "Action": "kms:*", "Resource": "*"})
    session.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=nobody)
    assert "kms:GenerateDataKey" in denial(role.client("s3").put_object, Bucket=name, Key="a", Body=b"")


def test_publishing_to_a_topic_needs_the_permission(session, role):
    topic = session.client("sns").create_topic(Name=f"topic-{uuid.uuid4().hex[:8]}")["TopicArn"]
    role.grant({"Action": "sns:Subscribe", "Resource": topic})
    sns = role.client("sns")
    assert f"sns:Publish on resource: {topic}" in denial(sns.publish, TopicArn=topic, Message="news")
    role.grant({"Action": "sns:Publish", "Resource": topic})
    assert sns.publish(TopicArn=topic, Message="news")["MessageId"]


def test_encryption_and_topic_properties_of_a_template_apply(session, role):
    key = session.client("kms").create_key()["KeyMetadata"]["Arn"]
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    encryption = {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": by_default}]}
    resources = {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketEncryption": encryption}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": key}},
    }
    cloudformation = session.client("cloudformation")
    cloudformation.create_stack(StackName="encrypted", TemplateBody=json.dumps({"Resources": resources}))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="encrypted", WaiterConfig={"Delay": 1})
    made = cloudformation.describe_stack_resources(StackName="encrypted")["StackResources"]
    bucket, topic = (resource["PhysicalResourceId"] for resource in made)
    role.grant({"Action": ["s3:*", "sns:Subscribe"], "Resource": "*"})
    assert "kms:GenerateDataKey" in denial(role.client("s3").put_object, Bucket=bucket, Key="a", Body=b"")
    assert "sns:Publish" in denial(role.client("sns").publish, TopicArn=topic, Message="news")
    role.grant({"Action": ["s3:*", "sns:*"], "Resource": "*"})
    with pytest.raises(botocore.exceptions.ClientError, match="kms:GenerateDataKey"):
        role.client("sns").publish(TopicArn=topic, Message="news")
    role.grant({"Action": ["s3:*", "sns:*", "kms:*"], "Resource": "*"})
    assert role.client("sns").publish(TopicArn=topic, Message="news")["MessageId"]


def test_converse_needs_invoke_model_on_the_model(role):
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


def test_a_schedule_is_authorized_in_its_own_group(session, role):
    group = f"group-{uuid.uuid4().hex[:8]}"
    session.client("scheduler").create_schedule_group(Name=group)
    role.grant(
        {"Action": "scheduler:GetSchedule", "Resource": f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/*"}
    )
    message = denial(role.client("scheduler").get_schedule, Name="later", GroupName=group)
    assert f"scheduler:GetSchedule on resource: arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/{group}/later" in message


def test_a_quota_is_authorized_by_its_own_arn(role):
    quotas = role.client("service-quotas")
    arn = f"arn:aws:servicequotas:us-east-1:{ACCOUNT}:bedrock/L-BE77399C"
    role.grant({"Action": "servicequotas:GetServiceQuota", "Resource": arn.replace("L-BE77399C", "L-00000000")})
    message = denial(quotas.get_service_quota, ServiceCode="bedrock", QuotaCode="L-BE77399C")
    assert f"servicequotas:GetServiceQuota on resource: {arn}" in message
    role.grant({"Action": "servicequotas:GetServiceQuota", "Resource": arn})
    assert quotas.get_service_quota(ServiceCode="bedrock", QuotaCode="L-BE77399C")["Quota"]["QuotaArn"] == arn
