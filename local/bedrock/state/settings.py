"""Settings of the local Bedrock: LOCAL_BEDROCK_* at start, PUT /_local/bedrock/settings while it runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from local.trainer.spec import NETWORKS

Lifecycle = Literal["ACTIVE", "LEGACY", "END_OF_LIFE"]


class Settings(BaseSettings):
    """Every value has a default that suits a demonstration; docs/local-bedrock.md lists them."""

    model_config = SettingsConfigDict(
        env_prefix="LOCAL_BEDROCK_", extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True
    )

    engine: Literal["smollm2", "tiny", "instant"] = Field("smollm2", description="what trains and answers")
    networks: Path = Field(NETWORKS, description="where base networks are kept ready to read")
    seed: int = Field(20260910, description="of LoRA's initial weights, shuffling, dropout and sampling")
    threads: int = Field(0, ge=0, description="torch's, in training and in answering; 0: all cores (one for `tiny`)")

    concurrent_jobs: int = Field(2, ge=0, description="customization jobs in progress at a time")
    job_stage_seconds: float = Field(
        0.5, ge=0, description="least time a job spends in each of validation and data processing"
    )
    job_completing_seconds: float = Field(
        0, ge=0, description="from the end of a job's training to its model, while the job is still in progress"
    )
    model_units: int = Field(2, ge=0, description="quota: model units without commitment on custom models")
    committed_model_units: int = Field(0, ge=0, description="quota: model units with a commitment on custom models")
    throughput_seconds: float = Field(2, ge=0, description="from the purchase of a throughput to InService")
    month_seconds: float = Field(30 * 86400, gt=0, description="length of a month of a commitment")
    deployments: int = Field(10, ge=0, description="quota: custom model deployments")
    deployments_in_progress: int = Field(2, ge=0, description="quota: deployments being created at a time")
    deployment_seconds: float = Field(2, ge=0, description="from the creation of a deployment to Active")

    lifecycle: Literal["offered", "aws"] = Field(
        "offered", description="offered: retired models are ACTIVE here; aws: as on AWS today"
    )
    lifecycles: dict[str, Lifecycle] = Field(default_factory=dict, description="lifecycle by model id, before the mode")

    fail_jobs: str = Field("", description="if set, jobs created now fail in training with this failureMessage")
    fail_throughputs: str = Field("", description="if set, throughputs created now become Failed with this message")
    fail_deployments: str = Field("", description="if set, deployments created now become Failed with this message")

    fail_deletes: str = Field(
        "", description="if set, throughputs and deployments are not deleted: a conflict says this"
    )
    stale_reads: int = Field(0, ge=0, description="so many Get and List calls miss what is made now")
    models_age_days: float = Field(0, ge=0, description="custom models are shown this much older than they are")
    endpoints_age_hours: float = Field(
        0, ge=0, description="throughputs and deployments are shown this much older than they are"
    )

    answer_timeout_seconds: float = Field(120, gt=0, description="ModelTimeoutException after this long")

    judge_requests_per_minute: int = Field(
        0, ge=0, description="requests a minute that models that judge take, then ThrottlingException; 0: no limit"
    )
    judge_denied_after: int = Field(
        -1, ge=-1, description="requests that models that judge answer until access is denied; -1: never denied"
    )
    judge_url: str = Field(
        "", validation_alias="LOCAL_JUDGE_URL", description="an OpenAI-compatible server that judges instead"
    )
    judge_model: str = Field(
        "", validation_alias="LOCAL_JUDGE_MODEL", description="the model to ask there; empty: its first one"
    )
    judge_api_key: SecretStr | None = Field(
        None, validation_alias="LOCAL_JUDGE_API_KEY", description="sent as a bearer token", exclude=True
    )

    @property
    def torch_threads(self) -> int:
        """A second thread only slows the tiny network down, most of all where several clouds share the cores."""
        return self.threads or (1 if self.engine == "tiny" else os.cpu_count() or 1)
