"""Services that MiniStack lacks or only pretends: Bedrock (its jobs never end), Service Quotas and the price list.

`local.bedrock.handlers()` gives a handler by service name. A name that MiniStack does not know is made reachable: its
router finds the service by the prefix of X-Amz-Target, and its IAM by the namespace of the actions.
"""

import logging

import ministack.app
from ministack.core import iam_actions, router

logger = logging.getLogger(__name__)

_TARGET_PREFIXES = {"servicequotas": "ServiceQuotasV20190624", "pricing": "AWSPriceListService"}


def install() -> None:
    """Put our own handlers where MiniStack's are."""
    import local.bedrock

    if not hasattr(local.bedrock, "handlers"):
        logger.warning("The local Bedrock is missing: MiniStack's own answers, whose jobs stay InProgress for ever.")
        return
    for service, handler in local.bedrock.handlers().items():
        if service not in ministack.app.SERVICE_HANDLERS:
            _make_reachable(service)
        ministack.app.SERVICE_HANDLERS[service] = handler


def _make_reachable(service: str) -> None:
    router.SERVICE_PATTERNS[service] = {
        "target_prefixes": [_TARGET_PREFIXES[service]],
        "host_patterns": [rf"{service}\."],
        "credential_scope": service,
    }
    iam_actions.SERVICE_TO_IAM_NAMESPACE[service] = service
