"""The local Bedrock, put together."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from local.bedrock.account_region import Scope
from local.bedrock.admin import PREFIX as ADMIN_PREFIX
from local.bedrock.admin import Admin
from local.bedrock.clock import Clock, utc_now
from local.bedrock.control import deployments, foundation, jobs, models, pricing, quotas, tags, throughput
from local.bedrock.engine.client import InferenceClient
from local.bedrock.jobs.runner import JobRunner
from local.bedrock.jobs.storage import Storage
from local.bedrock.protocol.endpoint import Endpoint, Handler, Operation
from local.bedrock.protocol.serializing import Response
from local.bedrock.runtime import operations
from local.bedrock.runtime.judge_access import JudgeAccess
from local.bedrock.settings import Settings
from local.bedrock.store import Store, reading

StorageOpener = Callable[[str, Scope, str], Storage]
MOST_REQUESTS = 64


class Bedrock:
    """Everything that the operations need; `settings` may be replaced at any time."""

    def __init__(self, folder: Path, settings: Settings, open_storage: StorageOpener, clock: Clock = utc_now) -> None:
        self.store = Store(folder, lambda: self.settings.stale_reads)
        self.settings = settings
        self.open_storage = open_storage
        self.clock = clock
        self.runner = JobRunner(self.store, clock)
        self.judge_access = JudgeAccess()
        self.inference = InferenceClient(folder / "inference.log")
        self._threads = ThreadPoolExecutor(MOST_REQUESTS, thread_name_prefix="bedrock")

    def handlers(self) -> dict[str, Handler]:
        """By service, as MiniStack names them; the local-only endpoints come with `bedrock`."""
        control = self._endpoint("bedrock", jobs, models, throughput, deployments, foundation, tags)
        admin = Admin(self).handle

        async def control_or_admin(method: str, path: str, *request: Any) -> Response:
            return await (admin if path.startswith(ADMIN_PREFIX) else control)(method, path, *request)

        return {
            "bedrock": control_or_admin,
            "bedrock-runtime": self._endpoint("bedrock-runtime", operations),
            "servicequotas": self._endpoint("service-quotas", quotas),
            "pricing": self._endpoint("pricing", pricing),
        }

    def _endpoint(self, service: str, *modules: ModuleType) -> Handler:
        named = {name: self._operation(name, do) for module in modules for name, do in module.OPERATIONS.items()}
        return Endpoint(service, named, self._threads).handle

    def _operation(self, name: str, do: Callable[..., dict[str, Any]]) -> Operation:
        if not name.startswith(("Get", "List")):
            return partial(do, self)

        def read(params: dict[str, Any]) -> dict[str, Any]:
            with reading():
                return do(self, params)

        return read

    def close(self) -> None:
        """Stop what runs: training processes and the inference process."""
        self.runner.stop_all()
        self.inference.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
