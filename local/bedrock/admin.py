"""What AWS has not: /_local/bedrock/... shows progress and bills, and changes settings while the cloud runs.

GET  /_local/bedrock                 the engine, the judge, and what is served now
GET  /_local/bedrock/settings        every setting
PUT  /_local/bedrock/settings        change some: {"model_units": 0}; the answer is all of them
GET  /_local/bedrock/jobs/NAME       a job's progress: step, steps, epoch, epochs, losses, seconds
GET  /_local/bedrock/billing         what would have been billed, by the second, deleted resources too
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError as PydanticError

from local.bedrock import catalogue
from local.bedrock.billing import statement
from local.bedrock.errors import BedrockError, ResourceNotFoundError, UnknownOperationError, ValidationError
from local.bedrock.protocol.serializing import Response, error_response
from local.bedrock.settings import Settings
from local.trainer.spec import Progress

if TYPE_CHECKING:
    from local.bedrock.bedrock import Bedrock

PREFIX = "/_local/bedrock"


class Admin:
    """The local-only endpoints."""

    def __init__(self, bedrock: Bedrock) -> None:
        self._bedrock = bedrock

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

    def _answer(self, method: str, place: str, body: bytes) -> Any:
        match method, place.split("/"):
            case "GET", [""]:
                return self._overview()
            case "GET", ["settings"]:
                return self._bedrock.settings.model_dump(mode="json")
            case "PUT", ["settings"]:
                return self._change(body)
            case "GET", ["jobs", name]:
                return self._job(name)
            case "GET", ["billing"]:
                return statement(self._bedrock.store, self._bedrock.clock())
        raise UnknownOperationError(f"{method} {PREFIX}/{place} is none of the local endpoints: docs/local-bedrock.md.")

    def _overview(self) -> dict[str, Any]:
        store, settings = self._bedrock.store, self._bedrock.settings
        return {
            "engine": settings.engine,
            "answers": catalogue.ENGINE_NAMES[settings.engine],
            "judge": catalogue.judge_name(settings),
            "jobs_in_progress": [job.name for job in store.jobs.all() if job.status == "InProgress"],
            "throughputs": [throughput.arn for throughput in store.throughputs.all()],
            "deployments": [deployment.arn for deployment in store.deployments.all()],
        }

    def _change(self, body: bytes) -> dict[str, Any]:
        try:
            changes = json.loads(body)
            if not isinstance(changes, dict):
                raise ValueError("the body must be a JSON object")
            kept = dict(self._bedrock.settings)
            self._bedrock.settings = Settings(**(kept | changes))
        except PydanticError as error:
            findings = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False)]
            raise ValidationError(f"Settings not changed: {'; '.join(findings)}") from error
        except ValueError as error:
            raise ValidationError(f"Settings not changed: {error}") from error
        return self._bedrock.settings.model_dump(mode="json")

    def _job(self, name: str) -> dict[str, Any]:
        jobs = [job for job in self._bedrock.store.jobs.all() if name in (job.name, job.id)]
        if not jobs:
            raise ResourceNotFoundError(f"There is no job named {name}.")
        progress = Progress.read(self._bedrock.store.job_folder(jobs[-1].id))
        stages = ("validation", "data_processing", "training")
        return {
            "job": jobs[-1].name,
            "status": jobs[-1].status,
            "stages": {stage: getattr(jobs[-1], stage).status for stage in stages},
            "progress": progress.model_dump() if progress else None,
        }
