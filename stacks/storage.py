"""The data bucket for datasets, the artifacts bucket for runs, their KMS key, and the table of shared state."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.permissions.kms import key_statements
from tuner.settings import DeploymentSettings


class Storage(Construct):
    """Buckets, key and table. They are retained when the stack is deleted, unless `keep_data` is false.

    With `keep_data` false, empty the buckets before you delete the stack: CloudFormation deletes only empty buckets.
    """

    def __init__(self, scope: Construct, construct_id: str, settings: DeploymentSettings) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        # RETAIN_ON_UPDATE_OR_DELETE and not RETAIN: a failed first deployment then leaves no key and no bucket behind.
        kept = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        self._removal = kept if settings.keep_data else RemovalPolicy.DESTROY
        self.key = self._own_key(settings.kms_key_arn) if settings.kms_key_arn else self._build_key()
        self.access_logs = self._build_access_logs()
        self.data_bucket = self._build_bucket("Data")
        self.artifacts_bucket = self._build_bucket("Artifacts")
        self._send_events(self.data_bucket)
        self.state_table = self._build_state_table()

    def _build_key(self) -> kms.Key:
        key = kms.Key(
            self,
            "Key",
            description=f"Datasets, artifacts, logs and notifications of the deployment {self._settings.name}",
            enable_key_rotation=True,
            removal_policy=self._removal,
        )
        for statement in self._key_statements():
            key.add_to_resource_policy(iam.PolicyStatement.from_json(statement))
        return key

    def _own_key(self, arn: str) -> kms.IKey:
        """The key of the setting kms_key_arn. The stack cannot change its policy, so an output lists the statements."""
        CfnOutput(Stack.of(self), "KeyPolicyStatements", value=Stack.of(self).to_json_string(self._key_statements()))
        return kms.Key.from_key_arn(self, "Key", arn)

    def _key_statements(self) -> list[dict[str, Any]]:
        stack = Stack.of(self)
        return key_statements(self._settings.name, stack.partition, stack.region, stack.account)

    def _build_access_logs(self) -> s3.Bucket:
        # S3 cannot write access logs into a bucket that is encrypted with a KMS key.
        return s3.Bucket(
            self,
            "AccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[s3.LifecycleRule(id="Expire", expiration=self._retention())],
            removal_policy=self._removal,
        )

    def _build_bucket(self, name: str) -> s3.Bucket:
        return s3.Bucket(
            self,
            name,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            # S3 then asks KMS for a key per bucket and not per object: runs write many small objects.
            bucket_key_enabled=True,
            versioned=True,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            server_access_logs_bucket=self.access_logs,
            server_access_logs_prefix=f"{name.lower()}/",
            lifecycle_rules=[self._clean_up()],
            removal_policy=self._removal,
        )

    def _build_state_table(self) -> dynamodb.Table:
        """State that several runs share and change at the same time, with conditional writes.

        The partition key `pk` begins with the name of what keeps its state there, such as `places#<pool>` for the queue
        for places. So a grant can be limited to its partitions (`dynamodb:LeadingKeys`). The sort key `sk` names an
        item.
        """
        return dynamodb.Table(
            self,
            "State",
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            # The account's key for DynamoDB needs no grants. The table has names, sums and task tokens, but no data.
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            removal_policy=self._removal,
        )

    def _clean_up(self) -> s3.LifecycleRule:
        return s3.LifecycleRule(
            id="CleanUp",
            noncurrent_version_expiration=self._retention(),
            expired_object_delete_marker=True,
            # The parts of an upload that was never completed are billed, and no listing of objects shows them.
            abort_incomplete_multipart_upload_after=Duration.days(7),
        )

    def _retention(self) -> Duration:
        return Duration.days(self._settings.retention_days)

    @staticmethod
    def _send_events(bucket: s3.Bucket) -> None:
        # The L2 property event_bridge_enabled would deploy a custom resource with a function for this one property.
        resource = bucket.node.default_child
        assert isinstance(resource, s3.CfnBucket)
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
        )
