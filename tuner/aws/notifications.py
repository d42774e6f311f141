"""Publishes to the deployment's SNS topic."""

from __future__ import annotations

from collections.abc import Mapping

from tuner.aws.clients import client
from tuner.aws.error_mapping import translated

# SNS takes 256 KB a message; what is over it is in the report all the same.
_LONGEST = 200_000


def notify(topic_arn: str, subject: str, message: str, attributes: Mapping[str, str]) -> None:
    """Publishes `message`; subscribers can filter by `attributes`."""
    body = message.encode()[:_LONGEST].decode(errors="ignore")
    values = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    with translated(f"publish to {topic_arn}"):
        client("sns").publish(TopicArn=topic_arn, Subject=subject, Message=body, MessageAttributes=values)
