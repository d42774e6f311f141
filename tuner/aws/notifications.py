"""Publishes messages to the deployment's SNS topic."""

from __future__ import annotations

from collections.abc import Mapping

from tuner.aws.clients import client
from tuner.aws.error_mapping import mapped_errors
from tuner.core.text_sanitizer import one_line, without_links

# SNS accepts 256 KB for a message with its attributes. A longer message is cut: the report has all of it.
_LONGEST = 200_000
_LONGEST_SUBJECT = 100


def notify(topic_arn: str, subject: str, message: str, attributes: Mapping[str, str]) -> None:
    """Publishes `message`. Subscribers can filter by `attributes`.

    Messages quote foreign text, and go to everyone who subscribed: whatever their text, they have no live links, no
    mentions and no invisible marks.
    """
    # The limit counts bytes; a character that is cut in the middle is dropped.
    body = without_links(message).encode()[:_LONGEST].decode(errors="ignore")
    values = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    with mapped_errors(f"publish to {topic_arn}"):
        client("sns").publish(
            TopicArn=topic_arn, Subject=one_line(subject, _LONGEST_SUBJECT), Message=body, MessageAttributes=values
        )
