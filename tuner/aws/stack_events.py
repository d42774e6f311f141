"""Reads the requests of a CloudFormation custom resource, and answers them."""

from __future__ import annotations

import json
import os
import ssl
import urllib.request
from typing import Literal

from pydantic import ConfigDict, Field

from tuner.core.errors import AwsError
from tuner.core.strict_model import FrozenModel

# CloudFormation accepts at most 4,096 bytes in an answer.
_LONGEST_REASON = 3000
_SECONDS = 30


class StackRequest(FrozenModel):
    """A request: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html."""

    model_config = ConfigDict(populate_by_name=True)

    kind: Literal["Create", "Update", "Delete"] = Field(alias="RequestType")
    answer_to: str = Field(alias="ResponseURL", repr=False)
    stack: str = Field(alias="StackId")
    request: str = Field(alias="RequestId")
    logical_id: str = Field(alias="LogicalResourceId")
    physical_id: str | None = Field(None, alias="PhysicalResourceId")


def answer(request: StackRequest, physical_id: str, refusal: str | None = None) -> None:
    """Tells CloudFormation that the request succeeded, or why it failed."""
    document = {
        "Status": "FAILED" if refusal else "SUCCESS",
        "Reason": (refusal or "No paid resource of this deployment exists.")[:_LONGEST_REASON],
        "PhysicalResourceId": request.physical_id or physical_id,
        "StackId": request.stack,
        "RequestId": request.request,
        "LogicalResourceId": request.logical_id,
    }
    if not request.answer_to.startswith("https://"):
        raise AwsError("The ResponseURL of CloudFormation's request is not an https:// address.")
    # The presigned URL is valid for an empty content type only. boto3 reads AWS_CA_BUNDLE by itself; urllib does not.
    put = urllib.request.Request(  # noqa: S310 - https, as checked above
        request.answer_to, json.dumps(document).encode(), {"Content-Type": ""}, method="PUT"
    )
    trusted = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE"))
    with urllib.request.urlopen(put, timeout=_SECONDS, context=trusted):  # noqa: S310 - as above
        return
