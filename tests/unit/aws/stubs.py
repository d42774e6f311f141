"""botocore's stubs: a request that does not fit the service model fails, and so does an unexpected call."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.stub import Stubber

from tuner.aws.clients import client


@contextmanager
def stubbed(service: str, *calls: tuple[str, dict[str, Any] | None, dict[str, Any] | str]) -> Iterator[Any]:
    """A client that expects exactly these calls in order: (operation, expected request, response or error code)."""
    api = client(service)
    with Stubber(api) as stubber:
        for operation, request, answer in calls:
            if isinstance(answer, str):
                code, _, message = answer.partition(": ")
                stubber.add_client_error(operation, code, message, expected_params=request)
            else:
                stubber.add_response(operation, answer, request)
        yield api
        stubber.assert_no_pending_responses()
