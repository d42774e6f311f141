"""The corrections, as far as they are rules: the permissions a request needs, and what a template means."""

import json

import pytest
from ministack.services import s3, sns, stepfunctions

from local.patches.cloudformation import template_properties
from local.patches.iam import (
    absent_objects,
    event_conditions,
    kms_permissions,
    pass_role,
    resource_arns,
    task_permissions,
)
from local.patches.iam.authorization import Check, Request
from local.patches.lambda_functions import exception_names
from local.patches.step_functions import task_tokens

ACCOUNT = "000000000000"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Passed"


def request(method, path, body=b"", headers=None, query=None):
    encoded = json.dumps(body).encode() if isinstance(body, dict) else body
    return Request(method, path, headers or {}, encoded, query or {})


class TestPassedRoles:
    @pytest.mark.parametrize(
        ("service", "body", "principal"),
        [
            ("bedrock", {"roleArn": ROLE}, "bedrock.amazonaws.com"),
            ("lambda", {"Role": ROLE}, "lambda.amazonaws.com"),
            ("states", {"roleArn": ROLE}, "states.amazonaws.com"),
            ("scheduler", {"Target": {"Arn": "x", "RoleArn": ROLE}}, "scheduler.amazonaws.com"),
            ("events", {"Targets": [{"Arn": "x"}, {"RoleArn": ROLE}]}, "events.amazonaws.com"),
        ],
    )
    def test_a_role_is_found_where_the_service_takes_it(self, service, body, principal):
        checks = list(pass_role.passed_roles(service, request("POST", "/", body)))
        assert checks == [Check("iam:PassRole", ROLE, {"iam:passedtoservice": principal})]

    @pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"null", b'{"roleArn": 5}', b'{"Targets": "x"}'])
    @pytest.mark.parametrize("service", sorted(pass_role.PASSED_ROLES))
    def test_a_body_without_a_role_passes_none(self, service, body):
        assert list(pass_role.passed_roles(service, request("POST", "/", body))) == []


class TestObjectKeys:
    @pytest.fixture(autouse=True)
    def bucket(self):
        s3._buckets["data"] = {"objects": {"plain": {}, "secret": self.encrypted(KEY)}}
        s3._bucket_encryption["data"] = template_properties.encryption_xml(
            {
                "ServerSideEncryptionConfiguration": [
                    {
                        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY},
                        "BucketKeyEnabled": True,
                    }
                ]
            }
        ).decode()
        yield
        s3._buckets.clear()
        s3._bucket_encryption.clear()

    @staticmethod
    def encrypted(key):
        return {"preserved_headers": {"x-amz-server-side-encryption-aws-kms-key-id": key}}

    def needed(self, *args, **kwargs):
        return [(check.action, check.resource) for check in kms_permissions.object_checks(request(*args, **kwargs))]

    def test_writing_takes_a_data_key_of_the_buckets_key(self):
        assert self.needed("PUT", "/data/new") == [("kms:GenerateDataKey", KEY)]

    def test_reading_takes_the_decryption_of_the_objects_own_key(self):
        assert self.needed("GET", "/data/secret") == [("kms:Decrypt", KEY)]
        assert self.needed("GET", "/data/plain") == []
        assert self.needed("GET", "/data/missing") == []

    def test_reading_a_version_takes_the_key_of_that_version(self):
        older = KEY.replace("1234", "older")
        s3._object_versions[("data", "secret")] = [
            {"version_id": "v1", "last_modified": "", "etag": "", "size": 0, **self.encrypted(older)}
        ]
        try:
            assert self.needed("GET", "/data/secret", query={"versionId": ["v1"]}) == [("kms:Decrypt", older)]
        finally:
            s3._object_versions.clear()

    @pytest.mark.parametrize(
        ("method", "query"), [("POST", {"uploads": [""]}), ("PUT", {"uploadId": ["u"], "partNumber": ["1"]})]
    )
    def test_a_multipart_upload_takes_both(self, method, query):
        assert self.needed(method, "/data/new", query=query) == [("kms:GenerateDataKey", KEY), ("kms:Decrypt", KEY)]

    def test_a_copy_reads_its_source_and_writes_its_destination(self):
        headers = {"x-amz-copy-source": "/data/secret"}
        assert self.needed("PUT", "/data/new", headers=headers) == [("kms:GenerateDataKey", KEY), ("kms:Decrypt", KEY)]

    def test_the_requests_own_key_wins_over_the_buckets(self):
        other = KEY.replace("1234", "other")
        headers = {
            "x-amz-server-side-encryption": "aws:kms",
            "x-amz-server-side-encryption-aws-kms-key-id": other,
        }
        assert self.needed("PUT", "/data/new", headers=headers) == [("kms:GenerateDataKey", other)]

    def test_s3s_own_keys_take_no_permission(self):
        assert self.needed("PUT", "/data/new", headers={"x-amz-server-side-encryption": "AES256"}) == []
        assert self.needed("PUT", "/data/new", headers={"x-amz-server-side-encryption": "aws:kms"}) == []

    @pytest.mark.parametrize(("method", "path"), [("GET", "/data"), ("GET", "/"), ("HEAD", "/data/secret")])
    def test_listing_and_asking_for_the_headers_take_none(self, method, path):
        assert self.needed(method, path) == []

    def test_tags_are_not_encrypted_with_the_objects_key(self):
        assert self.needed("GET", "/data/secret", query={"tagging": [""]}) == []

    def test_only_an_absent_object_takes_the_right_to_list(self):
        def needed(path):
            return list(absent_objects.absence_checks(request("GET", path)))

        assert needed("/data/missing") == [Check("s3:ListBucket", "arn:aws:s3:::data")]
        assert needed("/data/secret") == needed("/data") == needed("/elsewhere/missing") == []

    def test_the_context_says_for_whom_and_through_which_service(self):
        (check,) = kms_permissions.object_checks(request("GET", "/data/secret"))
        assert check.context["kms:viaservice"] == "s3.us-east-1.amazonaws.com"
        assert check.context["kms:encryptioncontext:aws:s3:arn"] == "arn:aws:s3:::data"


class TestTopicKeys:
    ARN = f"arn:aws:sns:us-east-1:{ACCOUNT}:news"

    @pytest.fixture(autouse=True)
    def topic(self):
        sns._topics[self.ARN] = {"attributes": {"KmsMasterKeyId": KEY}}
        yield
        sns._topics.clear()

    def needed(self, action):
        body = f"Action={action}&TopicArn={self.ARN}".encode()
        return [check.action for check in kms_permissions.topic_checks(request("POST", "/", body))]

    def test_publishing_takes_a_data_key_and_its_decryption(self):
        assert self.needed("Publish") == ["kms:GenerateDataKey", "kms:Decrypt"]

    def test_nothing_else_does(self):
        assert self.needed("Subscribe") == []


@pytest.mark.parametrize(
    ("log", "message", "name"),
    [
        ("Traceback ...\nmain.OurError: our own message\n", "our own message", "OurError"),
        ("Traceback ...\ntuner.errors.DatasetError: line 1\nline 2: bad\n", "line 1\nline 2: bad", "DatasetError"),
        ("ValueError: a: b: c", "a: b: c", "ValueError"),
        ("Traceback ...\npackage.Silent\n", "", "Silent"),
        ("", "lost", None),
        ("no traceback here", "other", None),
    ],
)
def test_an_errors_class_is_read_from_the_traceback(log, message, name):
    assert exception_names.error_class(log, message) == name


@pytest.mark.parametrize(
    ("method", "body", "query", "group"),
    [
        ("POST", b'{"GroupName": "tuner"}', {}, "tuner"),
        ("POST", b"{}", {}, "default"),
        ("PUT", b"broken", {}, "default"),
        ("DELETE", b"", {"groupName": ["tuner"]}, "tuner"),
        ("GET", b"", {}, "default"),
    ],
)
def test_a_schedule_belongs_to_the_group_it_names(method, body, query, group):
    assert resource_arns.schedule(request(method, "/schedules/later", body, query=query)) == f"schedule/{group}/later"
    assert resource_arns.schedule(request(method, "/schedule-groups/tuner", body, query=query)) is None


def test_a_quota_is_a_resource_of_its_own():
    body = {"ServiceCode": "bedrock", "QuotaCode": "L-BE77399C"}
    assert resource_arns.quota(request("POST", "/", body)) == "bedrock/L-BE77399C"
    assert resource_arns.quota(request("POST", "/", {"ServiceCode": "bedrock"})) is None


FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:step"


@pytest.mark.parametrize(
    ("resource", "arguments", "check"),
    [
        ("arn:aws:states:::lambda:invoke", {"FunctionName": FUNCTION}, Check("lambda:InvokeFunction", FUNCTION)),
        ("arn:aws:states:::lambda:invoke", {"FunctionName": "step"}, Check("lambda:InvokeFunction", FUNCTION)),
        (
            "arn:aws:states:::lambda:invoke.waitForTaskToken",
            {"FunctionName": FUNCTION},
            Check("lambda:InvokeFunction", FUNCTION),
        ),
        (FUNCTION, [1, 2], Check("lambda:InvokeFunction", FUNCTION)),
        ("arn:aws:states:::sns:publish", {"TopicArn": "t"}, Check("sns:Publish", "t")),
    ],
)
def test_a_task_needs_the_permission_of_its_call(resource, arguments, check):
    needed = task_permissions.needed_permission(resource, arguments)
    assert needed is not None
    assert needed[0] == check


def test_bucket_encryption_becomes_what_s3_takes():
    xml = template_properties.encryption_xml(
        {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    ).decode()
    assert "<SSEAlgorithm>AES256</SSEAlgorithm>" in xml
    assert "KMSMasterKeyID" not in xml
    assert "<BucketKeyEnabled>false</BucketKeyEnabled>" in xml


class TestEventKeys:
    def test_an_event_is_authorised_with_its_source_and_detail_type(self):
        body = json.dumps({"Entries": [{"Source": "bedrock-tuner", "DetailType": "Gate Decision", "Detail": "{}"}]})
        assert event_conditions.event_keys(body.encode()) == {
            "events:source": "bedrock-tuner",
            "events:detail-type": "Gate Decision",
        }

    def test_entries_that_differ_are_all_named(self):
        entries = [{"Source": source, "DetailType": "x"} for source in ("b", "a")]
        found = event_conditions.event_keys(json.dumps({"Entries": entries}).encode())
        assert found == {"events:source": ["a", "b"], "events:detail-type": "x"}

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"Entries": [5]}', b'{"Entries": [{}]}'])
    def test_what_the_service_refuses_has_no_keys(self, body):
        assert event_conditions.event_keys(body) == {}


class TestTaskTokens:
    WAITING = "arn:aws:states:::lambda:invoke.waitForTaskToken"

    @pytest.fixture
    def corrected(self, monkeypatch):
        def failing(function, event):
            raise stepfunctions._ExecutionError("AccessDeniedError", "why")

        monkeypatch.setattr(stepfunctions, "_call_lambda", failing)
        for name in ("_invoke_with_callback", "_execute_task"):
            monkeypatch.setattr(stepfunctions, name, getattr(stepfunctions, name))
        yield task_tokens.install
        stepfunctions._task_tokens.clear()

    def test_a_function_that_fails_fails_its_task_at_once(self, corrected):
        corrected()
        with pytest.raises(stepfunctions._ExecutionError) as caught:
            stepfunctions._invoke_with_callback(
                self.WAITING, {"FunctionName": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:ask"}, "token",
                {"TimeoutSeconds": 30},
            )  # fmt: skip
        assert (caught.value.error, caught.value.cause) == ("AccessDeniedError", "why")

    def test_a_timeout_may_be_an_expression(self, corrected, monkeypatch):
        seen = []
        monkeypatch.setattr(stepfunctions, "_execute_task", lambda state, *_: seen.append(state["TimeoutSeconds"]))
        corrected()
        state = {"Type": "Task", "TimeoutSeconds": "{% $estimate.seconds + 1 %}"}
        context = {"QueryLanguage": "JSONata", "variables": {"estimate": {"seconds": 59}}}
        stepfunctions._execute_task(state, {}, {}, context)
        stepfunctions._execute_task({"Type": "Task", "TimeoutSeconds": 7}, {}, {}, context)
        assert seen == [60, 7]

    def test_a_token_that_has_been_answered_stays_answered(self):
        task_tokens.fail("token", "AccessDeniedError", "why")
        assert "token" not in stepfunctions._task_tokens
