"""Assembles the local Bedrock from its state, its handlers and the processes that they use."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from local.bedrock.admin import PREFIX as ADMIN_PREFIX
from local.bedrock.admin import Admin
from local.bedrock.control import (
    deployments,
    foundation,
    invocation_jobs,
    jobs,
    models,
    pricing,
    quotas,
    tags,
    throughput,
)
from local.bedrock.engine.client import InferenceClient
from local.bedrock.jobs.batch import BatchRunner
from local.bedrock.jobs.runner import JobRunner, StorageOpener
from local.bedrock.protocol.operation import Operation, Params, Result
from local.bedrock.protocol.serializing import Response
from local.bedrock.protocol.service import Handler, Service
from local.bedrock.runtime import operations as runtime
from local.bedrock.state.bedrock_state import BedrockState
from local.bedrock.state.clock import Clock, utc_now
from local.bedrock.state.settings import Settings
from local.bedrock.state.store import eventually_consistent_reads

MAX_CONCURRENT_REQUESTS = 64


class LocalBedrock:
    """The state of the local Bedrock, and the handlers of the services that use it."""

    def __init__(self, folder: Path, settings: Settings, open_storage: StorageOpener, clock: Clock = utc_now) -> None:
        self.state = BedrockState(folder, settings, clock)
        self._runner = JobRunner(self.state.store, clock, open_storage)
        self.inference = InferenceClient(folder / "inference.log")
        self._batches = BatchRunner(self.state, self.inference)
        self._threads = ThreadPoolExecutor(MAX_CONCURRENT_REQUESTS, thread_name_prefix="bedrock")

    def handlers(self) -> dict[str, Handler]:
        """The handlers by MiniStack's service names. The handler of `bedrock` also serves the local-only endpoints."""
        control = self._service("bedrock", self._control_operations())
        admin = Admin(self.state).handle

        # MiniStack passes method, path, headers, body and query parameters on. Only the path matters here.
        async def control_or_admin(method: str, path: str, *request: Any) -> Response:
            return await (admin if path.startswith(ADMIN_PREFIX) else control)(method, path, *request)

        return {
            "bedrock": control_or_admin,
            "bedrock-runtime": self._service("bedrock-runtime", runtime.operations(self.state, self.inference)),
            "servicequotas": self._service("service-quotas", quotas.operations(self.state)),
            "pricing": self._service("pricing", pricing.operations()),
        }

    def _control_operations(self) -> dict[str, Operation]:
        return {
            **deployments.operations(self.state),
            **foundation.operations(self.state),
            **invocation_jobs.operations(self.state, self._batches, self._runner.open_storage),
            **jobs.operations(self.state, self._runner),
            **models.operations(self.state),
            **tags.operations(self.state),
            **throughput.operations(self.state),
        }

    def _service(self, name: str, operations: dict[str, Operation]) -> Handler:
        handlers = {
            operation: partial(_eventually_consistent, do) if operation.startswith(("Get", "List")) else do
            for operation, do in operations.items()
        }
        return Service(name, handlers, self._threads).handle

    def close(self) -> None:
        """Ends the training processes and the inference process."""
        self._runner.stop_all()
        self._batches.stop_all()
        self.inference.close()
        self._threads.shutdown(wait=False, cancel_futures=True)


def _eventually_consistent(operation: Operation, params: Params) -> Result:
    with eventually_consistent_reads():
        return operation(params)
