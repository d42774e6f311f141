"""Template properties that MiniStack's services support, but its CloudFormation ignores.

- `BucketEncryption` of a bucket. Without it no request would need permissions on the bucket's key.
- `KmsMasterKeyId` of a topic, for the same reason.
- The condition in the default policy of a topic. Without it every principal of the account may publish, whatever its
  policies say. With it the policy allows AWS services only, as on AWS.
"""

import json
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from ministack.core.responses import get_account_id
from ministack.services import s3, sns
from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]
Created = tuple[str, dict[str, Any]]


def install() -> None:
    """Passes the ignored properties to the services."""
    encryption = ("BucketEncryption", encryption_xml, s3._put_bucket_encryption, s3._delete_bucket_encryption)
    provisioners._S3_BUCKET_CONFIGURATIONS = (*provisioners._S3_BUCKET_CONFIGURATIONS, encryption)
    # The handlers get the properties as the second argument of a creation, the third of an update.
    topic = provisioners._RESOURCE_HANDLERS["AWS::SNS::Topic"]
    topic["create"] = _with_topic_attributes(topic["create"], properties_at=1)
    topic["update"] = _with_topic_attributes(topic["update"], properties_at=2)


def encryption_xml(encryption: Properties) -> bytes:
    """The property `BucketEncryption` as the body of PutBucketEncryption."""
    root = Element("ServerSideEncryptionConfiguration", xmlns=s3.S3_NS)
    for configured in encryption.get("ServerSideEncryptionConfiguration", []):
        rule = SubElement(root, "Rule")
        if by_default := configured.get("ServerSideEncryptionByDefault"):
            applied = SubElement(rule, "ApplyServerSideEncryptionByDefault")
            for name in filter(by_default.get, ("SSEAlgorithm", "KMSMasterKeyID")):
                SubElement(applied, name).text = str(by_default[name])
        SubElement(rule, "BucketKeyEnabled").text = str(bool(configured.get("BucketKeyEnabled"))).lower()
    return bytes(tostring(root, encoding="utf-8"))


def _with_topic_attributes(original: Callable[..., Created], properties_at: int) -> Callable[..., Created]:
    def completed(*arguments: Any) -> Created:
        arn, attributes = original(*arguments)
        topic = sns._topics[arn]["attributes"]
        key = arguments[properties_at].get("KmsMasterKeyId")
        if key:
            topic["KmsMasterKeyId"] = key
        else:
            topic.pop("KmsMasterKeyId", None)
        topic["Policy"] = _services_only(topic["Policy"])
        return arn, attributes

    return completed


def _services_only(policy: str) -> str:
    """The policy of a topic. Its default statement is limited to AWS services that publish for this account."""
    document = json.loads(policy)
    for statement in document["Statement"]:
        if statement.get("Sid") == "__default_statement_ID":
            statement["Condition"] = {"StringEquals": {"AWS:SourceOwner": get_account_id()}}
    return json.dumps(document)
