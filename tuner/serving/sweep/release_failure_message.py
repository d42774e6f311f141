"""Writes the message that people receive when a paid resource cannot be released."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tuner.aws.bedrock.resources import PaidResource
from tuner.core.text_sanitizer import shown_name
from tuner.core.times import iso
from tuner.serving.deletion import Failure
from tuner.serving.inventory import delete_command, price_text

SUBJECT = "Throughput or training cannot be released: delete it by hand"
_LONGEST_REASON = 1_000  # characters; the log has all of it


def alarm(failures: Sequence[Failure], price: Callable[[PaidResource], float | None], deployment: str) -> str:
    """Each resource with its price, the command that deletes it, and the reason why the release failed."""
    return "\n".join(
        [
            f"The hourly sweep of the deployment '{deployment}' tried several times to release these resources and "
            "failed. It tries again in an hour. Until then they cost money, although no run needs them:",
            "",
            *(line for failure in failures for line in _lines(failure, price)),
        ]
    )


def _lines(failure: Failure, price: Callable[[PaidResource], float | None]) -> Iterator[str]:
    resource = failure.resource
    if resource is None:
        yield "Unknown resources: Bedrock could not list them."
    else:
        yield resource.arn
        name, costs = shown_name(resource.name), price_text(resource, price(resource))
        yield f"  {name}, created {iso(resource.created_at)}; {costs}."
        yield f"  {delete_command(resource)}"
    # In one line: what others wrote could else add a command of its own to those that people copy from here.
    yield f"  Reason: {shown_name(str(failure.error), _LONGEST_REASON)}"
    yield ""
