"""A scorer as a deployer adds it: a function outside the stack, whose ARN is in the deployment's settings."""

import io
import json
import zipfile

from local.environment import ACCOUNT, REGION
from tests.e2e.pipeline import Pipeline

NAME = "own-scorer"
_FUNCTIONS = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
SCORERS = {NAME: f"{_FUNCTIONS}:{NAME}"}
# As `-c` names them.
SETTINGS = {f"scorers.{name}": arn for name, arn in SCORERS.items()}
SETTINGS_WITH_MISSING = SETTINGS | {"scorers.missing-scorer": f"{_FUNCTIONS}:missing-scorer"}
_CODE = """\
def handler(event, context):
    if "scorer must fail" in event[0]["messages"][-1]["content"]:
        raise KeyError("no such answer")
    return [
        {
            "id": each["id"],
            "aggregate_reward_score": float(each["reference_answer"] in each["messages"][-1]["content"]),
            "metrics_list": [
                {"name": "messages", "value": len(each["messages"]), "type": "Metric"},
                {"name": "letters", "value": len(each["messages"][-1]["content"]), "type": "Metric"},
            ],
        }
        for each in event
    ]
"""


def create(pipeline: Pipeline) -> str:
    """Creates the function, and returns its ARN. The settings may name it before it exists."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = pipeline.client("iam").create_role(
        RoleName=NAME, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("main.py", _CODE)
    functions = pipeline.client("lambda")
    created = functions.create_function(
        FunctionName=NAME,
        Runtime="python3.13",
        Handler="main.handler",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": code.getvalue()},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=NAME)
    assert created["FunctionArn"] == SCORERS[NAME]
    return SCORERS[NAME]
