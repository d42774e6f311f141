"""The actions that the caller of each command needs. Tests compare them with the calls that the commands make."""

from __future__ import annotations

_LOOK_UP = {"states:DescribeExecution", "states:ListExecutions", "s3:ListBucket", "s3:GetObject", "kms:Decrypt"}
_THROUGHPUT = {"bedrock:ListProvisionedModelThroughputs", "bedrock:ListCustomModelDeployments"}
_QUEUE = {"dynamodb:GetItem", "dynamodb:Query"}
_FOLLOW = {
    *_LOOK_UP,
    *_QUEUE,
    *_THROUGHPUT,
    "states:DescribeStateMachineForExecution",
    "states:GetExecutionHistory",
    "bedrock:GetModelCustomizationJob",
    "lambda:GetFunctionConfiguration",
}
_APPROVAL = {*_LOOK_UP, "sts:GetCallerIdentity", "s3:PutObject", "kms:GenerateDataKey"}
ACTIONS = {
    "run": {
        "s3:ListBucket",
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "kms:GenerateDataKey",
        "kms:Decrypt",
        "states:DescribeExecution",
        "lambda:InvokeFunction",
    },
    "watch": _FOLLOW,
    "runs": {*_LOOK_UP, *_QUEUE},
    "show": _FOLLOW,
    "report": _LOOK_UP,
    "estimate --stack": {"bedrock:GetFoundationModel", "pricing:GetProducts"},
    "stop": {
        *_LOOK_UP,
        *_THROUGHPUT,
        "states:StopExecution",
        "bedrock:ListModelCustomizationJobs",
        "bedrock:ListTagsForResource",
        "bedrock:GetModelCustomizationJob",
        "bedrock:StopModelCustomizationJob",
    },
    "compare": _LOOK_UP,
    "review export": {*_LOOK_UP, "s3:PutObject", "kms:GenerateDataKey"},  # writes the sheet of a sample
    "review import": {*_LOOK_UP, "s3:PutObject", "kms:GenerateDataKey", "bedrock:TagResource", "events:PutEvents"},
    "approve": {*_APPROVAL, "states:SendTaskSuccess"},
    "reject": {*_APPROVAL, "states:SendTaskFailure"},
    "models": {"bedrock:ListCustomModels", "bedrock:ListTagsForResource"},
    "models delete": {
        *_LOOK_UP,
        "bedrock:ListCustomModels",
        "bedrock:ListTagsForResource",
        "bedrock:DeleteCustomModel",
    },
    "doctor": {
        "sts:GetCallerIdentity",
        "s3:ListBucket",
        "iam:GetRole",
        "states:DescribeStateMachine",
        "ssm:GetParameter",
        "lambda:GetAccountSettings",
        "lambda:InvokeFunction",
        "bedrock:GetFoundationModel",
        "bedrock:GetFoundationModelAvailability",
        "bedrock:InvokeModel",
        "servicequotas:ListServiceQuotas",
    },
}
