"""The rules of the patches: the permissions that a request needs, and the properties of templates."""

import json

import pytest
from ministack.services import dynamodb, s3, sns, stepfunctions

from local.patches.cloudformation import template_properties
from local.patches.iam import (
    absent_objects,
    event_conditions,
    kms_permissions,
    pass_role,
    resource_arns,
    table_keys,
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
    def test_a_role_is_found_where_the_service_expects_it(self, service, body, principal):
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

    def test_a_write_needs_generate_data_key_on_the_buckets_key(self):
        assert self.needed("PUT", "/data/new") == [("kms:GenerateDataKey", KEY)]

    def test_a_read_needs_decrypt_on_the_objects_own_key(self):
        assert self.needed("GET", "/data/secret") == [("kms:Decrypt", KEY)]
        assert self.needed("GET", "/data/plain") == []
        assert self.needed("GET", "/data/missing") == []

    def test_a_read_of_a_version_needs_the_key_of_that_version(self):
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
    def test_a_multipart_upload_needs_both(self, method, query):
        assert self.needed(method, "/data/new", query=query) == [("kms:GenerateDataKey", KEY), ("kms:Decrypt", KEY)]

    def test_a_copy_needs_decrypt_for_the_source_and_generate_data_key_for_the_target(self):
        headers = {"x-amz-copy-source": "/data/secret"}
        assert self.needed("PUT", "/data/new", headers=headers) == [("kms:GenerateDataKey", KEY), ("kms:Decrypt", KEY)]

    def test_the_key_of_the_request_has_priority_over_the_buckets(self):
        other = KEY.replace("1234", "other")
        headers = {
            "x-amz-server-side-encryption": "aws:kms",
            "x-amz-server-side-encryption-aws-kms-key-id": other,
        }
        assert self.needed("PUT", "/data/new", headers=headers) == [("kms:GenerateDataKey", other)]

    def test_the_managed_key_of_s3_needs_no_permission(self):
        assert self.needed("PUT", "/data/new", headers={"x-amz-server-side-encryption": "AES256"}) == []
        assert self.needed("PUT", "/data/new", headers={"x-amz-server-side-encryption": "aws:kms"}) == []

    @pytest.mark.parametrize(("method", "path"), [("GET", "/data"), ("GET", "/"), ("HEAD", "/data/secret")])
    def test_list_and_head_requests_need_no_key(self, method, path):
        assert self.needed(method, path) == []

    def test_tags_are_not_encrypted_with_the_objects_key(self):
        assert self.needed("GET", "/data/secret", query={"tagging": [""]}) == []

    def test_only_an_absent_object_needs_list_bucket(self):
        def needed(path):
            return list(absent_objects.absence_checks(request("GET", path)))

        assert needed("/data/missing") == [Check("s3:ListBucket", "arn:aws:s3:::data")]
        assert needed("/data/secret") == needed("/data") == needed("/elsewhere/missing") == []

    def test_the_context_has_the_service_the_account_and_the_encryption_context(self):
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

    def test_publishing_needs_generate_data_key_and_decrypt(self):
        assert self.needed("Publish") == ["kms:GenerateDataKey", "kms:Decrypt"]

    def test_other_operations_need_no_key(self):
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
def test_the_exception_class_is_read_from_the_traceback(log, message, name):
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
def test_a_schedules_arn_has_its_group(method, body, query, group):
    assert resource_arns.schedule(request(method, "/schedules/later", body, query=query)) == f"schedule/{group}/later"
    assert resource_arns.schedule(request(method, "/schedule-groups/tuner", body, query=query)) is None


def test_a_quota_has_its_own_arn():
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


def test_bucket_encryption_becomes_the_body_of_put_bucket_encryption():
    xml = template_properties.encryption_xml(
        {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    ).decode()
    assert "<SSEAlgorithm>AES256</SSEAlgorithm>" in xml
    assert "KMSMasterKeyID" not in xml
    assert "<BucketKeyEnabled>false</BucketKeyEnabled>" in xml


class TestEventKeys:
    def test_put_events_has_the_condition_keys_of_source_and_detail_type(self):
        body = json.dumps({"Entries": [{"Source": "bedrock-tuner", "DetailType": "Gate Decision", "Detail": "{}"}]})
        assert event_conditions.event_keys(body.encode()) == {
            "events:source": "bedrock-tuner",
            "events:detail-type": "Gate Decision",
        }

    def test_different_entries_give_a_list(self):
        entries = [{"Source": source, "DetailType": "x"} for source in ("b", "a")]
        found = event_conditions.event_keys(json.dumps({"Entries": entries}).encode())
        assert found == {"events:source": ["a", "b"], "events:detail-type": "x"}

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"Entries": [5]}', b'{"Entries": [{}]}'])
    def test_an_invalid_body_gives_no_keys(self, body):
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


ITEM_KEY = {"pk": {"S": "places#training"}, "sk": {"S": "pool"}}


class TestPartitionKeys:
    @pytest.fixture(autouse=True)
    def table(self):
        dynamodb._tables["state"] = {"pk_name": "pk"}
        yield
        dynamodb._tables.clear()

    @pytest.mark.parametrize(
        ("document", "keys"),
        [
            ({"Key": ITEM_KEY}, ["places#training"]),
            ({"Item": {**ITEM_KEY, "pk": {"S": "spending"}}}, ["spending"]),
            (
                {
                    "KeyConditionExpression": "#k = :k AND begins_with(sk, :s)",
                    "ExpressionAttributeNames": {"#k": "pk"},
                    "ExpressionAttributeValues": {":k": {"S": "places#training"}, ":s": {"S": "w"}},
                },
                ["places#training"],
            ),
        ],
    )
    def test_the_items_of_a_request_are_named_by_their_partition(self, document, keys):
        body = json.dumps({"TableName": "state", **document}).encode()
        assert table_keys.leading_keys(body) == {"dynamodb:LeadingKeys": keys}

    def test_a_transaction_names_all_of_its_items(self):
        table = "arn:aws:dynamodb:us-east-1:000000000000:table/state"
        other = {"TableName": table, "Item": {"pk": {"S": "spending"}}}
        actions = [{"Delete": {"TableName": "state", "Key": ITEM_KEY}}, {"Put": other}]
        found = table_keys.leading_keys(json.dumps({"TransactItems": actions}).encode())
        assert found == {"dynamodb:LeadingKeys": ["places#training", "spending"]}

    def test_a_denied_transaction_names_its_table(self):
        actions = [{"Put": {"TableName": "state"}}, {"Delete": {"TableName": "state"}}]
        assert resource_arns.table(request("POST", "/", {"TransactItems": actions})) == "table/state"
        assert resource_arns.table(request("POST", "/", {"TableName": "state"})) is None

    @pytest.mark.parametrize("body", [b"", b"[]", b'{"TableName": "other", "Key": {}}', b'{"TransactItems": 5}'])
    def test_a_request_without_items_has_no_key(self, body):
        assert table_keys.leading_keys(body) == {}
