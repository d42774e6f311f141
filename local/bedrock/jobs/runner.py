"""Executes accepted jobs, each on its own thread: three stages, then a custom model or a failure message."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from local.bedrock.jobs.dataset import check_counts, estimated_tokens, read_records
from local.bedrock.jobs.failure import JobFailedError, JobStoppedError
from local.bedrock.jobs.hyperparameters import schedule
from local.bedrock.jobs.metrics import write_metrics
from local.bedrock.jobs.storage import S3Uri, Storage
from local.bedrock.jobs.training import TrainingPlan, train, write_inputs
from local.bedrock.offered_models import network_of
from local.bedrock.state.account_region import new_id
from local.bedrock.state.clock import Clock
from local.bedrock.state.records import (
    CustomModel,
    InvocationJob,
    Job,
    JobStatus,
    Record,
    Stage,
    StageStatus,
    StoredModel,
)
from local.bedrock.state.settings import Settings
from local.bedrock.state.store import Store
from local.trainer.spec import Conversation, Progress
from tuner import catalog

StageName = Literal["validation", "data_processing", "training"]
# Opens S3 with the credentials of a job's service role. Raises ValidationError if the role cannot be assumed.
StorageOpener = Callable[[Job | InvocationJob], Storage]
RESTARTED = "The local Bedrock was restarted while the job was in progress. Start the job again under another name."

logger = logging.getLogger(__name__)


class JobRunner:
    """Runs jobs. Their results are in the store and in S3."""

    def __init__(self, store: Store, clock: Clock, open_storage: StorageOpener) -> None:
        self.open_storage = open_storage
        self._store = store
        self._clock = clock
        self._stops: dict[str, threading.Event] = {}
        # The threads of these jobs ended with the previous server process.
        for job in store.jobs.all():
            if job.status in ("InProgress", "Stopping"):
                self._end(job.id, "Failed", RESTARTED)

    def start(self, job: Job, storage: Storage, settings: Settings) -> threading.Thread:
        """Starts a job that is in the store already."""
        self._stops[job.id] = threading.Event()
        thread = threading.Thread(target=self._run, args=(job, storage, settings), name=f"job-{job.name}", daemon=True)
        thread.start()
        return thread

    def stop(self, job_id: str) -> None:
        """Asks a job in progress to stop."""
        self._store.jobs.update(job_id, status="Stopping", changed=self._clock())
        self._stops[job_id].set()

    def stop_all(self) -> None:
        """Ends all training processes, because the server shuts down."""
        for event in self._stops.values():
            event.set()

    def _run(self, job: Job, storage: Storage, settings: Settings) -> None:
        try:
            with self._stage(job.id, "validation", settings.job_stage_seconds):
                training, validation, epoch_tokens = self._read_inputs(job, storage, settings)
            with self._stage(job.id, "data_processing", settings.job_stage_seconds):
                self._prepare(job, settings, training, validation)
            with self._stage(job.id, "training", 0):
                progress = self._train(job, epoch_tokens)
                if progress:
                    write_metrics(storage, job.output_uri, job.id, progress)
            if self._stops[job.id].wait(settings.job_completing_seconds):
                raise JobStoppedError
            self._complete(job, progress)
        except JobStoppedError:
            self._end(job.id, "Stopped")
        except JobFailedError as error:
            self._end(job.id, "Failed", str(error))
        # A bug must not leave the job in progress.
        except Exception as error:
            logger.exception("job %s", job.name)
            self._end(job.id, "Failed", f"The local Bedrock failed: {type(error).__name__}: {error}")

    def _read_inputs(
        self, job: Job, storage: Storage, settings: Settings
    ) -> tuple[list[Conversation], list[Conversation] | None, int]:
        """The training data, the validation data, and the tokens that an epoch is billed with."""
        model = catalog.model(job.base_model_id)
        folder = self._store.job_folder(job.id) / "input"
        folder.mkdir(parents=True, exist_ok=True)

        def read(uri: str, name: str) -> tuple[list[Conversation], int]:
            source, target = S3Uri.parse(uri), folder / name
            storage.read(source, target)
            try:
                return read_records(target, Path(source.key).name, model), target.stat().st_size
            finally:
                target.unlink()

        training, size = read(job.training_uri, "training")
        validation = read(job.validation_uri, "validation")[0] if job.validation_uri else None
        check_counts(len(training), None if validation is None else len(validation), model)
        storage.check_writable(S3Uri.parse(job.output_uri))
        counted = sum(estimated_tokens(record, model) for record in training)
        return training, validation, size if settings.byte_tokens else counted

    def _prepare(
        self, job: Job, settings: Settings, training: list[Conversation], validation: list[Conversation] | None
    ) -> None:
        if job.engine == "instant":
            return
        plan = TrainingPlan(
            network=network_of(job.engine, job.base_model_id),
            seed=job.seed,
            threads=settings.torch_threads,
            cache=settings.networks,
            schedule=schedule(catalog.model(job.base_model_id), job.hyperparameters, job.engine),
        )
        write_inputs(self._store.job_folder(job.id), plan, training, validation)

    def _train(self, job: Job, epoch_tokens: int) -> Progress | None:
        if job.injected_failure:
            raise JobFailedError(job.injected_failure)
        tokens, folder = epoch_tokens * int(job.hyperparameters["epochCount"]), self._store.job_folder(job.id)
        if job.engine == "instant":
            self._store.jobs.update(job.id, trained_tokens=tokens)
            return None
        try:
            return train(folder, self._stops[job.id])
        finally:
            # A job that is stopped, that fails or that ends early is billed for what it has trained with.
            if progress := Progress.read(folder):
                done = progress.step / progress.steps
                self._store.jobs.update(job.id, trained_tokens=math.ceil(tokens * done))

    def _complete(self, job: Job, progress: Progress | None) -> None:
        identifier = new_id()
        training_loss, validation_loss = progress.best_losses() if progress else (None, None)
        model = CustomModel(
            id=identifier,
            name=job.model_name,
            arn=job.account_region.arn(f"custom-model/{job.base_model_id}/{identifier}"),
            account_region=job.account_region,
            created=self._clock(),
            tags=job.model_tags,
            job_id=job.id,
            job_name=job.name,
            job_arn=job.arn,
            base_model_id=job.base_model_id,
            hyperparameters=job.hyperparameters,
            training_uri=job.training_uri,
            validation_uri=job.validation_uri,
            output_uri=job.output_uri,
            kms_key=job.kms_key,
            engine=job.engine,
            training_loss=training_loss,
            validation_loss=validation_loss,
        )
        with self._store.lock:
            # In one step, so that no reader sees a completed job without its model.
            self._store.models.put(model)
            self._store.stored_models.put(
                StoredModel(
                    **model.model_dump(include=set(Record.model_fields)),
                    base_model_id=model.base_model_id,
                )
            )
            self._store.jobs.update(
                job.id, model_arn=model.arn, training_loss=training_loss, validation_loss=validation_loss
            )
            self._end(job.id, "Completed")

    @contextmanager
    def _stage(self, job_id: str, name: StageName, min_seconds: float) -> Iterator[None]:
        """Records the status of a stage, which lasts at least `min_seconds` unless the job is stopped."""
        self._mark(job_id, name, "InProgress", started=True)
        try:
            if self._stops[job_id].wait(min_seconds):
                raise JobStoppedError
            yield
            if self._stops[job_id].is_set():
                raise JobStoppedError
        except JobStoppedError:
            self._mark(job_id, name, "Stopped")
            raise
        except Exception:
            self._mark(job_id, name, "Failed")
            raise
        self._mark(job_id, name, "Completed")

    def _mark(self, job_id: str, name: StageName, status: StageStatus, *, started: bool = False) -> None:
        now = self._clock()
        with self._store.lock:
            job = self._store.jobs.by_id(job_id)
            stage: Stage = getattr(job, name)
            changed = stage.model_copy(
                update={"status": status, "changed": now} | ({"started": now} if started else {})
            )
            self._store.jobs.update(job_id, **{name: changed}, changed=now)

    def _end(self, job_id: str, status: JobStatus, failure: str | None = None) -> None:
        now = self._clock()
        self._store.jobs.update(job_id, status=status, failure=failure, changed=now, ended=now)
