"""Tests of the candidates: as many train as there are places, failures are reported, and validation data chooses."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from tests.doubles import DEPLOYMENT, NAME, RUN, MemoryFolder, manifest
from tests.unit.training.test_job import ROLE, folder
from tuner.artifacts.manifest import Customization
from tuner.artifacts.preflight import Preflight
from tuner.artifacts.training import Epoch, JobUse, TrainingSummary
from tuner.aws.bedrock.resources import Job, JobRequest
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AccessDeniedError, AwsError, CapacityBusyError, CustomizationFailedError, QuotaError
from tuner.core.resource_names import candidate_name
from tuner.core.times import now
from tuner.settings import DeploymentSettings
from tuner.training.adoption import Adoption
from tuner.training.candidates import CandidatesProgress, model_loss, progress, refuse_overdue, start_next, write_choice
from tuner.training.job import JobStarter
from tuner.training.job_record import job_records, may_be_starting, other_users

TWO_PLACES = DeploymentSettings(training_places=2)
ONE_PLACE = DeploymentSettings(training_places=1)


@dataclass
class Account:
    """Customization jobs by name and ARN. `quota` jobs may be in progress; `refuses` are errors by the job's name."""

    quota: int = 9
    refuses: dict[str, Exception] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    created: list[JobRequest] = field(default_factory=list)

    def find_job(self, name: str) -> Job | None:
        return next((job for job in self.jobs.values() if name in (job.name, job.arn)), None)

    def create_job(self, request: JobRequest) -> str | None:
        if request.name in self.refuses:
            raise self.refuses[request.name]
        if sum(job.status == "InProgress" for job in self.jobs.values()) >= self.quota:
            raise QuotaError("too many jobs.")
        self.created.append(request)
        arn = f"arn:job/{request.name}"
        self.jobs[request.name] = Job(arn, request.name, "InProgress", now(), None, None, None, request.name)
        return arn

    def jobs_in_progress(self) -> int:
        return len(self.jobs)

    def tags(self, arn: str) -> Mapping[str, str]:
        """Of a model: those of the request that made it."""
        number = int(arn.rpartition("/")[2])
        return self.created[number - 1].tags

    def end(self, number: int, status: str = "Completed", failure: str | None = None) -> None:
        name = candidate_name(DEPLOYMENT, RUN, number)
        model = f"arn:model/{number}" if status == "Completed" else None
        self.jobs[name] = replace(
            self.jobs[name], status=status, ended_at=now(), failure=failure, custom_model_arn=model
        )


@dataclass
class Index:
    """The runs with the same training, by fingerprint."""

    uses: dict[str, tuple[JobUse, ...]] = field(default_factory=dict)

    def read(self, fingerprint: str) -> tuple[tuple[JobUse, ...], str | None]:
        return self.uses.get(fingerprint, ()), None

    def write(self, fingerprint: str, uses: Sequence[JobUse], version: str | None) -> bool:
        self.uses[fingerprint] = tuple(uses)
        return True


THREE = manifest(candidates=[{"hyperparameters": {"learningRate": [0.00001, 0.00002, 0.00003]}}])


def starter(account: Account, index: Index | None = None) -> JobStarter:
    adoption = Adoption(account, index or Index(), lambda _: "FAILED", DEPLOYMENT)
    return JobStarter(account, adoption, ROLE, sleep=lambda _: None)


def start(account: Account, place: MemoryFolder, deployment: DeploymentSettings = TWO_PLACES) -> CandidatesProgress:
    return start_next(starter(account), place, THREE, deployment)


def now_of(account: Account, place: MemoryFolder, deployment: DeploymentSettings = TWO_PLACES) -> CandidatesProgress:
    return progress(account, place, THREE, deployment)


def numbers(account: Account) -> list[int]:
    return [int(request.name[-1]) for request in account.created]


def test_as_many_jobs_start_as_there_are_places_and_the_next_one_when_one_has_ended() -> None:
    account, place = Account(), folder()
    assert start(account, place).status == "InProgress"
    assert numbers(account) == [1, 2]
    assert now_of(account, place).status == "InProgress"
    account.end(2)
    assert now_of(account, place).status == "PlaceFree"
    assert start(account, place).status == "InProgress"
    assert numbers(account) == [1, 2, 3]
    account.end(1)
    assert now_of(account, place).status == "InProgress"
    account.end(3)
    assert now_of(account, place).status == "Completed"


def test_the_accounts_quota_is_a_limit_of_the_places_too() -> None:
    account, place = Account(), folder()
    place.save(Preflight(customization_jobs=1))
    start(account, place, DeploymentSettings(training_places=5))
    assert numbers(account) == [1]


def test_each_job_has_a_name_a_folder_and_hyperparameters_of_its_own() -> None:
    account, place = Account(), folder()
    start(account, place, DeploymentSettings(training_places=3))
    assert len({request.name for request in account.created}) == 3
    assert [request.output_uri for request in account.created] == [
        f"s3://artifacts/runs/{RUN}/candidates/{number}/training/output/" for number in (1, 2, 3)
    ]
    assert [request.hyperparameters["learningRate"] for request in account.created] == ["0.00001", "0.00002", "0.00003"]
    assert {request.training_uri for request in account.created} == {f"s3://artifacts/runs/{RUN}/{Keys.TRAINING}"}
    assert len({request.tags["bedrock-tuner:training"] for request in account.created}) == 3


def test_a_job_may_be_starting_until_every_candidate_has_one() -> None:
    account, place = Account(), folder()
    place.write(Keys.ESTIMATE, b"{}")
    start(account, place)
    assert may_be_starting(place)
    account.end(1)
    start(account, place)
    assert not may_be_starting(place)
    assert [bool(record.job_arn) for record in job_records(place).values()] == [True, True, True]


def test_a_repeated_start_starts_no_job_twice() -> None:
    account, place = Account(), folder()
    start(account, place)
    start(account, place)
    assert numbers(account) == [1, 2]


def test_the_run_waits_without_an_error_when_the_quota_is_used_up_while_it_trains() -> None:
    account, place = Account(quota=1), folder()
    assert start(account, place).status == "PlaceFree"
    assert numbers(account) == [1]
    account.end(1)
    account.quota = 0
    assert start(account, place).status == "PlaceFree"


def test_a_run_without_any_job_waits_for_capacity_as_a_single_customization_does() -> None:
    account = Account(quota=1)
    account.jobs["other"] = Job("arn:other", "other", "InProgress", now(), None, None, None, "other")
    with pytest.raises(CapacityBusyError, match="waits for its turn"):
        start(account, folder())
    with pytest.raises(QuotaError, match="waiting does not help"):
        start(Account(quota=0), folder())


def test_one_failed_candidate_does_not_fail_the_run() -> None:
    account, place = Account(), folder()
    start(account, place, DeploymentSettings(training_places=3))
    account.end(1, "Failed", "the loss is not a number")
    account.end(2)
    account.end(3, "Stopped")
    found = now_of(account, place)
    assert found.status == "Completed"
    summary = write_choice(place, found)
    assert summary.custom_model_arn == "arn:model/2"
    assert [each.chosen for each in summary.candidates] == [False, True, False]
    assert "the loss is not a number" in str(summary.candidates[0].failure)
    assert summary.choice == "Candidate 2 was chosen because it is the only one with a model: 2 failed."


def test_the_run_fails_with_all_reasons_when_every_candidate_failed() -> None:
    account, place = Account(), folder()
    start(account, place, DeploymentSettings(training_places=3))
    for number in (1, 2, 3):
        account.end(number, "Failed", f"reason {number}")
    with pytest.raises(CustomizationFailedError, match=r"(?s)None of the 3.*candidate 1.*reason 1.*reason 3"):
        _ = now_of(account, place).status


def test_a_job_that_bedrock_refuses_is_a_failed_candidate_and_not_asked_for_again() -> None:
    account, place = Account(), folder()
    account.refuses[candidate_name(DEPLOYMENT, RUN, 1)] = AwsError("ValidationException: batch size")
    start(account, place)
    start(account, place)
    assert numbers(account) == [2, 3]
    account.end(2)
    account.end(3)
    results = write_choice(place, now_of(account, place)).candidates
    assert results[0].failure == "ValidationException: batch size"
    assert results[0].epochs_paid == 0


def test_an_error_that_says_nothing_about_the_job_is_not_a_refusal() -> None:
    account, place = Account(), folder()
    account.refuses[candidate_name(DEPLOYMENT, RUN, 1)] = AccessDeniedError("not authorized")
    with pytest.raises(AccessDeniedError):
        start(account, place)
    assert not any(record.refused for record in job_records(place).values())


def with_losses(place: MemoryFolder, losses: Sequence[Sequence[float | None]]) -> None:
    """Writes the metrics files of the candidates: their validation loss after each epoch."""
    for number, of_epochs in enumerate(losses, 1):
        output = f"{Keys.candidate(number)}{Keys.TRAINING_OUTPUT}job/"
        steps = "".join(f"{epoch},{epoch},1.0\n" for epoch in range(1, len(of_epochs) + 1))
        place.write(
            f"{output}step_wise_training_metrics.csv", f"step_number,epoch_number,training_loss\n{steps}".encode()
        )
        rows = "".join(f"{epoch},{epoch},{loss}\n" for epoch, loss in enumerate(of_epochs, 1) if loss is not None)
        place.write(f"{output}validation_metrics.csv", f"step_number,epoch_number,validation_loss\n{rows}".encode())


def chosen(losses: Sequence[Sequence[float | None]]) -> TrainingSummary:
    account, place = Account(), folder()
    start(account, place, DeploymentSettings(training_places=3))
    for number in (1, 2, 3):
        account.end(number)
    with_losses(place, losses)
    write_choice(place, now_of(account, place))
    return place.load(TrainingSummary)


@pytest.mark.parametrize(
    ("losses", "number"),
    [
        ([[2.0, 1.5], [2.0, 1.2], [2.0, 1.4]], 2),
        # The model is that of the last epoch, so an earlier low loss does not count.
        ([[0.5, 1.5], [2.0, 1.6], [2.0, 1.4]], 3),
        ([[1.0], [1.0], [1.0]], 1),
        ([[None], [3.0], [2.0]], 3),
    ],
    ids=["the lowest", "after the last epoch", "the first of equals", "not without a loss"],
)
def test_the_lowest_validation_loss_after_the_last_epoch_is_chosen(
    losses: list[list[float | None]], number: int
) -> None:
    summary = chosen(losses)
    assert [each.number for each in summary.candidates if each.chosen] == [number]
    assert summary.custom_model_arn == f"arn:model/{number}"
    assert summary.job_name == candidate_name(DEPLOYMENT, RUN, number)
    assert f"Candidate {number} was chosen: it has the lowest validation loss" in str(summary.choice)
    assert [each.validation_loss for each in summary.candidates] == [of_epochs[-1] for of_epochs in losses]


@pytest.mark.parametrize(
    ("base_model", "loss"), [("amazon.nova-micro-v1:0:128k", 1.5), ("anthropic.claude-3-haiku-20240307-v1:0:200k", 0.5)]
)
def test_the_loss_of_a_model_is_that_of_the_epoch_whose_weights_it_has(base_model: str, loss: float) -> None:
    """A family with early stopping keeps the weights of its best epoch."""
    epochs = tuple(
        Epoch(epoch=number, training_loss=None, validation_loss=each) for number, each in enumerate((2.0, 0.5, 1.5), 1)
    )
    assert model_loss(base_model, TrainingSummary(epochs=epochs)) == loss
    assert model_loss(base_model, TrainingSummary()) is None


def test_without_validation_losses_the_first_one_is_taken_and_the_summary_says_that_it_is_no_choice() -> None:
    summary = chosen([[None], [None], [None]])
    assert summary.custom_model_arn == "arn:model/1"
    assert "This is not a choice" in str(summary.choice)


def test_the_summary_says_when_the_evaluation_has_the_questions_of_the_choice() -> None:
    account, place = Account(), folder()
    start(account, place, DeploymentSettings(training_places=3))
    for number in (1, 2, 3):
        account.end(number)
    with_losses(place, [[1.0], [2.0], [3.0]])
    document = place.read(Keys.DATASET_SUMMARY).replace(b"{", b'{"evaluation_from": "validation", ', 1)
    place.write(Keys.DATASET_SUMMARY, document)
    assert "looks somewhat better than it is" in str(write_choice(place, now_of(account, place)).choice)


def test_the_training_of_all_candidates_together_has_a_limit() -> None:
    account, place = Account(), folder()
    start(account, place, ONE_PLACE)
    for under, record in job_records(place).items():
        if record.job_arn:
            at = (now() - dt.timedelta(hours=49)).isoformat()
            place.save(record.model_copy(update={"recorded_at": at}), under)
    found = now_of(account, place, ONE_PLACE)
    refuse_overdue(found, 50)
    with pytest.raises(CustomizationFailedError, match=r"49\.0 hours, and is not over for candidate 1, candidate 2"):
        refuse_overdue(found, 48)


def test_the_other_users_are_those_of_the_chosen_candidates_job() -> None:
    account, place, index = Account(), folder(), Index()
    start_next(starter(account, index), place, THREE, DeploymentSettings(training_places=3))
    for number in (1, 2, 3):
        account.end(number)
    with_losses(place, [[2.0], [1.0], [3.0]])
    assert other_users(place, index) == ()
    write_choice(place, now_of(account, place))
    for (own,), other in zip(list(index.uses.values()), ("first", "second", "third"), strict=True):
        fingerprint = next(key for key, uses in index.uses.items() if uses == (own,))
        index.write(fingerprint, (own, own.model_copy(update={"run_id": other})), None)
    assert other_users(place, index) == ("second",)


def test_candidates_that_another_run_trained_are_adopted_with_their_losses() -> None:
    """The other run has the same candidates in another order, and its metrics files are in its own folder."""
    account, index, there = Account(), Index(), folder()
    start_next(starter(account, index), there, THREE, DeploymentSettings(training_places=3))
    for number in (1, 2, 3):
        account.end(number)
    with_losses(there, [[1.0], [2.0], [3.0]])
    reversed_ = THREE.model_copy(
        update={
            "candidates": tuple(
                replaced(each, number, f"{NAME}-r2-candidate-{number}")
                for number, each in enumerate(reversed(THREE.candidates), 1)
            )
        }
    )
    dataset = {name: data for name, data in there.files.items() if not name.startswith(Keys.CANDIDATES)}
    here = MemoryFolder(f"{RUN}-r2", dataset)
    here.sibling = lambda run_id: there  # type: ignore[method-assign]
    created = len(account.created)
    found = start_next(starter(account, index), here, reversed_, TWO_PLACES)
    assert (found.status, len(account.created)) == ("Completed", created)
    summary = write_choice(here, found)
    assert [each.validation_loss for each in summary.candidates] == [3.0, 2.0, 1.0]
    assert {each.adopted_from for each in summary.candidates} == {RUN} == {summary.adopted_from}
    assert [each.epochs_paid for each in summary.candidates] == [0, 0, 0]
    assert summary.custom_model_arn == "arn:model/1"


def replaced(customization: Customization, number: int, name: str) -> Customization:
    return customization.model_copy(update={"number": number, "resource_name": name})


def test_a_candidates_model_that_is_deleted_during_the_adoption_is_trained_again() -> None:
    """The run that trained it deletes what it did not choose: it may have read the index before the adoption."""
    account, index, there = Account(), Index(), folder()
    start_next(starter(account, index), there, THREE, DeploymentSettings(training_places=3))
    for number in (1, 2, 3):
        account.end(number)
    single = manifest(hyperparameters={"learningRate": 0.00002}).customizations[0]

    def deletes(_: float) -> None:
        account.created[1] = replace(account.created[1], tags={})

    here = folder()
    here.run_id = f"{RUN}-r2"
    adopting = replace(starter(account, index), sleep=deletes)
    assert adopting.start(here, single).name == NAME
    assert account.created[-1].name == NAME


MICRO, LITE = "amazon.nova-micro-v1:0:128k", "amazon.nova-lite-v1:0:300k"
TWO_BASE_MODELS = manifest(candidates=[{"base_model": [MICRO, LITE]}])


def test_the_base_model_of_the_chosen_candidate_is_that_of_the_run_from_then_on() -> None:
    account, place = Account(), folder()
    place.save(TWO_BASE_MODELS)
    assert place.manifest_of_choice().base_model == MICRO
    start_next(starter(account), place, TWO_BASE_MODELS, TWO_PLACES)
    assert [each.base_model for each in account.created] == [MICRO, LITE]
    account.end(1)
    account.end(2)
    with_losses(place, [[2.0], [1.5]])
    summary = write_choice(place, progress(account, place, TWO_BASE_MODELS, TWO_PLACES))
    assert "Candidate 2 was chosen" in str(summary.choice)
    assert "compared with its own base model, Nova Lite" in str(summary.choice)
    chosen_one = place.manifest_of_choice()
    assert (chosen_one.base_model, chosen_one.base_endpoint) == (LITE, "amazon.nova-lite-v1:0")
    assert chosen_one.base_model_name == "Nova Lite"
    assert chosen_one.candidates == place.manifest().candidates
    assert place.manifest().base_model == MICRO
