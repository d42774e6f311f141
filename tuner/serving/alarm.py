"""What people are told when something that is paid for cannot be released."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tuner.aws.bedrock.resources import PaidResource
from tuner.core.times import iso
from tuner.serving.inventory import delete_command, price_in_words
from tuner.serving.release import Failure

SUBJECT = "Throughput or training cannot be released: end it by hand"


def alarm(failures: Sequence[Failure], price: Callable[[PaidResource], float | None], deployment: str) -> str:
    """What is alive, what it costs, the command that ends it, and why the release could not."""
    return "\n".join(
        [
            f"The hourly sweep of the deployment '{deployment}' tried several times, and will try again in an hour. "
            "Until then this costs money that nobody needs:",
            "",
            *(line for failure in failures for line in _lines(failure, price)),
        ]
    )


def _lines(failure: Failure, price: Callable[[PaidResource], float | None]) -> Iterator[str]:
    endpoint = failure.endpoint
    if endpoint is None:
        yield "Whatever there is: it could not even be listed."
    else:
        yield endpoint.arn
        yield f"  {endpoint.name}, since {iso(endpoint.created_at)}; {price_in_words(endpoint, price(endpoint))}."
        yield f"  {delete_command(endpoint)}"
    yield f"  Why: {failure.error}"
    yield ""
