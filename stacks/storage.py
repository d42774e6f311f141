"""Where data is: the bucket that datasets are dropped into, the bucket of artifacts, and the key of both."""

from __future__ import annotations

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from tuner.settings import DeploymentSettings


class Storage(Construct):
    """Kept when the stack is deleted, unless `keep_data` is false; the buckets must then be emptied by hand first."""

    def __init__(self, scope: Construct, construct_id: str, settings: DeploymentSettings) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        # "on update or delete": a first deployment that fails and is rolled back leaves no key and no bucket behind.
        kept = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        self._removal = kept if settings.keep_data else RemovalPolicy.DESTROY
        self.key = self._own_key(settings.kms_key_arn) if settings.kms_key_arn else self._build_key()
        self.access_logs = self._build_access_logs()
        self.data_bucket = self._build_bucket("Data")
        self.artifacts_bucket = self._build_bucket("Artifacts")
        self._announce_objects(self.data_bucket)

    def _build_key(self) -> kms.Key:
        key = kms.Key(
            self,
            "Key",
            description=f"Datasets, artifacts, logs and notifications of the deployment {self._settings.name}",
            enable_key_rotation=True,
            removal_policy=self._removal,
        )
        for statement in self.key_statements():
            key.add_to_resource_policy(statement)
        return key

    def _own_key(self, arn: str) -> kms.IKey:
        """A key of the company's: only its owner can change its policy, so that what it needs is an output."""
        statements = [statement.to_statement_json() for statement in self.key_statements()]
        CfnOutput(Stack.of(self), "KeyPolicyStatements", value=Stack.of(self).to_json_string(statements))
        return kms.Key.from_key_arn(self, "Key", arn)

    def key_statements(self) -> list[iam.PolicyStatement]:
        """What the key's policy allows to services, beside what roles of the account are granted."""
        return [self._logs_may_encrypt(), self._alarms_may_notify()]

    def _logs_may_encrypt(self) -> iam.PolicyStatement:
        stack, name = Stack.of(self), self._settings.name
        groups = (f"/aws/lambda/{name}-*", f"/aws/vendedlogs/states/{name}-*")
        arns = [stack.format_arn(service="logs", resource=f"log-group:{group}") for group in groups]
        return iam.PolicyStatement(
            sid="LogsOfThisDeployment",
            principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
            actions=["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"],
            resources=["*"],
            # kms:DescribeKey is left out: its requests have no encryption context, so it would never be allowed here.
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": arns}},
        )

    def _alarms_may_notify(self) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            sid="AlarmsOfThisAccount",
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=["*"],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
        )

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

    def _clean_up(self) -> s3.LifecycleRule:
        return s3.LifecycleRule(
            id="CleanUp",
            noncurrent_version_expiration=self._retention(),
            expired_object_delete_marker=True,
            abort_incomplete_multipart_upload_after=Duration.days(7),
        )

    def _retention(self) -> Duration:
        return Duration.days(self._settings.retention_days)

    @staticmethod
    def _announce_objects(bucket: s3.Bucket) -> None:
        # The L2's event_bridge_enabled deploys a custom resource with a function of its own for this one property.
        resource = bucket.node.default_child
        assert isinstance(resource, s3.CfnBucket)
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
        )
