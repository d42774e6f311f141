"""The local-only endpoints below /_local/bedrock: settings, training progress and bills. AWS has nothing like them.

GET  /_local/bedrock                 the engine, the judge, jobs in progress and current endpoints
GET  /_local/bedrock/settings        all settings
PUT  /_local/bedrock/settings        changes some settings, such as {"model_units": 0}; returns all settings
GET  /_local/bedrock/jobs/NAME       the progress of a job: step, steps, epoch, epochs, losses, seconds
GET  /_local/bedrock/billing         the billed seconds of all endpoints, deleted ones included
GET  /_local/bedrock/charges         what calls, training, throughput and stored models would cost at list prices
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError as PydanticError

from local.bedrock.errors import BedrockError, ResourceNotFoundError, UnknownOperationError, ValidationError
from local.bedrock.offered_models import ENGINE_NAMES, judge_name
from local.bedrock.protocol.serializing import Response, error_response
from local.bedrock.state.bedrock_state import BedrockState
from local.bedrock.state.billing import bill_lines
from local.bedrock.state.charges import charges
from local.bedrock.state.settings import Settings
from local.trainer.spec import Progress

PREFIX = "/_local/bedrock"


class Admin:
    """The local-only endpoints."""

    def __init__(self, state: BedrockState) -> None:
        self._state = state

    async def handle(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query_params: Mapping[str, Sequence[str]],
    ) -> Response:
        """Answer one request."""
        try:
            answer = self._answer(method, path.removeprefix(PREFIX).strip("/"), body)
        except BedrockError as error:
            return error_response(error)
        return 200, {"Content-Type": "application/json"}, json.dumps(answer, ensure_ascii=False).encode()

    def _answer(self, method: str, path: str, body: bytes) -> Any:
        """The JSON document to answer with."""
        match method, path.split("/"):
            case "GET", [""]:
                return self._overview()
            case "GET", ["settings"]:
                return self._state.settings.model_dump(mode="json")
            # Tests and the fault harness change settings of a running cloud with this endpoint.
            case "PUT", ["settings"]:
                return self._change(body)
            case "GET", ["jobs", name]:
                return self._job(name)
            case "GET", ["billing"]:
                return [line.model_dump() for line in bill_lines(self._state.store, self._state.clock())]
            case "GET", ["charges"]:
                return [charge.model_dump() for charge in charges(self._state.store, self._state.clock())]
        raise UnknownOperationError(
            f"{method} {PREFIX}/{path} does not exist. docs/local-bedrock.md lists the local endpoints."
        )

    def _overview(self) -> dict[str, Any]:
        store, settings = self._state.store, self._state.settings
        return {
            "engine": settings.engine,
            "answers": ENGINE_NAMES[settings.engine],
            "judge": judge_name(settings),
            "jobs_in_progress": [job.name for job in store.jobs.all() if job.status == "InProgress"],
            "throughputs": [throughput.arn for throughput in store.throughputs.all()],
            "deployments": [deployment.arn for deployment in store.deployments.all()],
        }

    def _change(self, body: bytes) -> dict[str, Any]:
        try:
            changes = json.loads(body)
            if not isinstance(changes, dict):
                raise ValueError("the body must be a JSON object")
            # The complete settings are validated before they replace the current ones.
            self._state.settings = Settings(**(dict(self._state.settings) | changes))
        except PydanticError as error:
            findings = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False)]
            raise ValidationError(f"Settings not changed: {'; '.join(findings)}") from error
        except ValueError as error:
            raise ValidationError(f"Settings not changed: {error}") from error
        return self._state.settings.model_dump(mode="json")

    def _job(self, name: str) -> dict[str, Any]:
        jobs = [job for job in self._state.store.jobs.all() if name in (job.name, job.id)]
        if not jobs:
            raise ResourceNotFoundError(f"There is no job with the name or id {name}.")
        progress = Progress.read(self._state.store.job_folder(jobs[-1].id))
        stages = ("validation", "data_processing", "training")
        return {
            "job": jobs[-1].name,
            "status": jobs[-1].status,
            "stages": {stage: getattr(jobs[-1], stage).status for stage in stages},
            "progress": progress.model_dump() if progress else None,
        }
