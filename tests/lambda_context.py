"""The context that Lambda passes to a handler."""

from types import SimpleNamespace
from typing import cast

from aws_lambda_powertools.utilities.typing import LambdaContext

# LambdaContext cannot be constructed with values. These are what the handlers and the logger of Powertools read.
CONTEXT = cast(
    "LambdaContext",
    SimpleNamespace(
        function_name="f", memory_limit_in_mb=1, invoked_function_arn="arn:f", aws_request_id="r", log_group_name="g"
    ),
)
