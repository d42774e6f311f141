"""Tests of the release: it deletes everything of the deployment, nothing else, and reports what it could not delete."""

import datetime as dt
import json
from collections.abc import Callable, Iterator

import pytest

from tests.doubles import DEPLOYMENT, NAME, RUN, FakeEndpoints, MemoryFolder
from tuner.aws.bedrock.resources import PaidResource
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AccessDeniedError, StillAliveError
from tuner.core.times import iso, now
from tuner.serving.inventory import is_needed
from tuner.serving.paid_resources import Releasable
from tuner.serving.release import Release


class Folders(dict[str, MemoryFolder]):
    def __missing__(self, run_id: str) -> MemoryFolder:
        return self.setdefault(run_id, MemoryFolder(run_id))


def release(*kinds: FakeEndpoints, folders: Folders | None = None) -> Release:
    places = folders if folders is not None else Folders()
    return Release(kinds, DEPLOYMENT, places.__getitem__, price=lambda _: 132.0, sleep=lambda _: None)


def needed_by(*running: str) -> Callable[[Releasable, PaidResource], bool]:
    return is_needed(lambda run_id: "RUNNING" if run_id in running else "SUCCEEDED", DEPLOYMENT, 4, 12)


def recorded(arn: str, kind: str = "provisioned") -> MemoryFolder:
    record = {
        "kind": kind,
        "arn": arn,
        "name": NAME,
        "model_units": 1,
        "commitment": None,
        "created_at": "2026-11-23T07:00:00Z",
        "in_service_at": None,
        "released_at": None,
    }
    return MemoryFolder(RUN, {Keys.ENDPOINT: json.dumps(record).encode()})


def released_at(folder: MemoryFolder) -> str | None:
    return json.loads(folder.files[Keys.ENDPOINT])["released_at"]


def test_both_kinds_are_released_and_a_repeated_release_is_no_error() -> None:
    throughputs, deployments = FakeEndpoints(), FakeEndpoints("on_demand")
    expected = {throughputs.add(), deployments.add()}
    assert set(release(throughputs, deployments).run(RUN).released) == expected
    assert not throughputs.alive
    assert not deployments.alive
    assert release(throughputs, deployments).run(RUN).released == ()


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        (NAME, {}),
        (NAME, {"bedrock-tuner:deployment": "other"}),
        ("other-" + RUN, None),
        (NAME + "-r1", None),
    ],
    ids=["not tagged", "another deployment's tag", "another's name", "another run's"],
)
def test_an_endpoint_that_is_not_the_runs_is_not_released(name: str, tags: dict[str, str] | None) -> None:
    throughputs = FakeEndpoints()
    arn = throughputs.add(name, tags)
    assert release(throughputs).run(RUN).released == ()
    assert throughputs.alive[arn].status == "Creating"


def test_the_sweep_keeps_what_a_running_execution_needs() -> None:
    throughputs = FakeEndpoints()
    needed, orphan = throughputs.add("tuner-running"), throughputs.add("tuner-ended")
    throughputs.add("someone-else", {})
    assert release(throughputs).sweep(needed_by("running"))[0].released == (orphan,)
    assert throughputs.alive[needed].status == "Creating"


def test_the_sweep_releases_what_a_running_execution_has_had_for_too_long() -> None:
    throughputs, deployments = FakeEndpoints(), FakeEndpoints("on_demand")
    hours_ago = [dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours) for hours in (3.9, 4.1)]
    recent = throughputs.add("tuner-running", created_at=hours_ago[0])
    hanging = {kind.add("tuner-hanging", created_at=hours_ago[1]) for kind in (throughputs, deployments)}
    outcome, _ = release(throughputs, deployments).sweep(needed_by("running", "hanging"))
    assert set(outcome.released) == hanging
    assert throughputs.alive[recent].status == "Creating"


def test_the_error_of_a_refused_delete_has_the_command_that_deletes_it() -> None:
    throughputs = FakeEndpoints(refuses_delete=1)
    arn = throughputs.add()
    with pytest.raises(StillAliveError, match=f"delete-provisioned-model-throughput --provisioned-model-id {arn}"):
        release(throughputs).run(RUN)
    assert release(throughputs).run(RUN).released == (arn,)


def test_an_endpoint_that_is_being_deleted_is_waited_for_a_limited_time() -> None:
    throughputs = FakeEndpoints(lingers=3)
    arn = throughputs.add()
    assert release(throughputs).run(RUN).released == (arn,)
    stuck = FakeEndpoints(lingers=1000)
    stuck.add()
    with pytest.raises(StillAliveError, match="is still"):
        release(stuck).run(RUN)


def test_an_endpoint_that_cannot_be_deleted_does_not_stop_the_release_of_the_others() -> None:
    refusing, obliging = FakeEndpoints(refuses_delete=1), FakeEndpoints("on_demand")
    refusing.add()
    obliging.add()
    with pytest.raises(StillAliveError):
        release(refusing, obliging).run(RUN)
    assert not obliging.alive


def test_the_error_is_retryable_if_a_retry_can_help_with_any_failure() -> None:
    class Forbidden(FakeEndpoints):
        def delete(self, arn: str) -> None:
            raise AccessDeniedError(f"not authorized to perform: bedrock:DeleteProvisionedModelThroughput on {arn}")

    forbidden, refusing = Forbidden(), FakeEndpoints("on_demand", refuses_delete=1)
    forbidden.add()
    refusing.add()
    with pytest.raises(StillAliveError, match="bedrock:DeleteProvisionedModelThroughput"):
        release(forbidden, refusing).run(RUN)


def test_a_missing_permission_is_an_access_denied_error() -> None:
    class Forbidden(FakeEndpoints):
        def delete(self, arn: str) -> None:
            raise AccessDeniedError(f"not authorized to perform: bedrock:DeleteProvisionedModelThroughput on {arn}")

    throughputs = Forbidden()
    throughputs.add()
    with pytest.raises(AccessDeniedError, match="bedrock:DeleteProvisionedModelThroughput"):
        release(throughputs).run(RUN)


def test_throughput_with_a_commitment_is_reported_and_not_deleted_before_its_end() -> None:
    throughputs = FakeEndpoints()
    now = dt.datetime.now(dt.UTC)
    arn = throughputs.add(commitment="OneMonth", committed_until=now + dt.timedelta(days=3))
    folders = Folders({RUN: recorded(arn)})
    outcome = release(throughputs, folders=folders).run(RUN)
    assert (outcome.released, outcome.committed) == ((), (arn,))
    assert released_at(folders[RUN]) is None
    ended = FakeEndpoints()
    over = ended.add(commitment="OneMonth", committed_until=now - dt.timedelta(days=3))
    assert release(ended).run(RUN).released == (over,)


def test_a_commitment_with_an_unknown_end_is_not_deleted_and_a_failed_one_is() -> None:
    throughputs = FakeEndpoints()
    arn = throughputs.add(f"{NAME}-committed", commitment="OneMonth", status="Creating")
    assert release(throughputs).run(RUN).committed == (arn,)
    failed = FakeEndpoints()
    over = failed.add(f"{NAME}-committed", commitment="OneMonth", status="Failed")
    assert release(failed).run(RUN).released == (over,)


def test_a_release_by_arn_deletes_only_those_of_the_deployment() -> None:
    throughputs = FakeEndpoints()
    named, other, foreign = throughputs.add(), throughputs.add("tuner-other"), throughputs.add("x", {})
    assert release(throughputs).resources({named, foreign}).released == (named,)
    assert set(throughputs.alive) == {other, foreign}
    assert release(throughputs).everything().released == (other,)


def test_the_release_is_recorded_once() -> None:
    throughputs = FakeEndpoints()
    folders = Folders({RUN: recorded(throughputs.add())})
    release(throughputs, folders=folders).run(RUN)
    first = released_at(folders[RUN])
    assert first
    folders[RUN].files[Keys.ENDPOINT] = (
        folders[RUN].files[Keys.ENDPOINT].replace(first.encode(), b"2026-11-23T08:00:00Z")
    )
    release(throughputs, folders=folders).run(RUN)
    assert released_at(folders[RUN]) == "2026-11-23T08:00:00Z"


def test_the_sweep_records_the_release_in_the_runs_folder() -> None:
    throughputs = FakeEndpoints()
    folders = Folders({RUN: recorded(throughputs.add())})
    release(throughputs, folders=folders).sweep(needed_by())
    assert released_at(folders[RUN])


def test_a_recorded_endpoint_that_is_not_listed_yet_is_released() -> None:
    throughputs = FakeEndpoints(unlisted=True)
    arn = throughputs.add()
    folders = Folders({RUN: recorded(arn)})
    assert release(throughputs, folders=folders).run(RUN).released == (arn,)
    assert not throughputs.alive


def test_an_endpoint_is_released_whatever_its_status() -> None:
    throughputs = FakeEndpoints()
    arn = throughputs.add(status="Failed")
    assert isinstance(throughputs.alive[arn], PaidResource)
    assert release(throughputs).run(RUN).released == (arn,)


def test_a_kind_that_cannot_be_listed_does_not_stop_the_release_of_the_other() -> None:
    class Hidden(FakeEndpoints):
        def list(self, name: str) -> Iterator[PaidResource]:
            raise AccessDeniedError("not authorized to perform: bedrock:ListProvisionedModelThroughputs")

    obliging = FakeEndpoints("on_demand")
    arn = obliging.add()
    with pytest.raises(AccessDeniedError, match="bedrock:ListProvisionedModelThroughputs"):
        release(Hidden(), obliging).run(RUN)
    assert arn not in obliging.alive


def test_a_record_that_cannot_be_read_does_not_stop_the_release() -> None:
    class Sealed(MemoryFolder):
        def list(self, prefix: str) -> list[str]:
            raise AccessDeniedError("not authorized to perform: s3:ListBucket")

    throughputs = FakeEndpoints()
    throughputs.add()
    with pytest.raises(AccessDeniedError, match="s3:ListBucket"):
        release(throughputs, folders=Folders({RUN: Sealed()})).run(RUN)
    assert not throughputs.alive


def test_an_endpoint_that_another_release_just_deleted_is_no_missing_permission() -> None:
    """IAM requires the deployment's tag, which a deleted endpoint no longer has."""

    class Overtaken(FakeEndpoints):
        def delete(self, arn: str) -> None:
            del self.alive[arn]
            raise AccessDeniedError(f"no policy allows the deletion of {arn}")

    throughputs = Overtaken()
    arn = throughputs.add()
    folders = Folders({RUN: recorded(arn)})
    assert release(throughputs, folders=folders).run(RUN).released == (arn,)
    assert released_at(folders[RUN])


def looked_again(folder: MemoryFolder, seconds: int) -> None:
    """Moves the first look that missed the endpoint into the past."""
    record = json.loads(folder.files[Keys.ENDPOINT])
    record["missing_since"] = iso(now() - dt.timedelta(seconds=seconds))
    folder.files[Keys.ENDPOINT] = json.dumps(record).encode()


def test_a_recorded_endpoint_that_no_read_shows_is_deleted_and_not_assumed_to_be_gone() -> None:
    throughputs = FakeEndpoints()
    arn = throughputs.add()
    throughputs.hidden.add(arn)
    folders = Folders({RUN: recorded(arn)})
    with pytest.raises(StillAliveError, match="may exist all the same"):
        release(throughputs, folders=folders).run(RUN)
    assert throughputs.alive[arn].status == "Deleting"
    assert released_at(folders[RUN]) is None


def test_a_recorded_endpoint_is_gone_when_two_reads_a_minute_apart_miss_it() -> None:
    throughputs, folders = FakeEndpoints(), Folders({RUN: recorded("arn:gone")})
    for _ in range(2):
        with pytest.raises(StillAliveError):
            release(throughputs, folders=folders).run(RUN)
    looked_again(folders[RUN], 59)
    with pytest.raises(StillAliveError):
        release(throughputs, folders=folders).run(RUN)
    assert released_at(folders[RUN]) is None
    looked_again(folders[RUN], 61)
    assert release(throughputs, folders=folders).run(RUN).released == ()
    assert released_at(folders[RUN])


def test_a_read_that_finds_the_endpoint_again_resets_the_missing_time() -> None:
    throughputs = FakeEndpoints(unlisted=True, refuses_delete=10)
    arn = throughputs.add()
    folders = Folders({RUN: recorded(arn)})
    looked_again(folders[RUN], 600)
    with pytest.raises(StillAliveError):
        release(throughputs, folders=folders).run(RUN)
    throughputs.hidden.add(arn)
    throughputs.refuses_delete = 0
    with pytest.raises(StillAliveError):
        release(throughputs, folders=folders).run(RUN)
    assert released_at(folders[RUN]) is None


def test_an_endpoint_that_is_recorded_as_released_but_exists_is_released_and_recorded_again() -> None:
    throughputs = FakeEndpoints(unlisted=True)
    arn = throughputs.add()
    folders = Folders({RUN: recorded(arn)})
    record = json.loads(folders[RUN].files[Keys.ENDPOINT]) | {"released_at": "2026-11-23T08:00:00Z"}
    folders[RUN].files[Keys.ENDPOINT] = json.dumps(record).encode()
    assert release(throughputs, folders=folders).run(RUN).released == (arn,)
    assert not throughputs.alive
    assert str(released_at(folders[RUN])) > "2026-11-23T08:00:00Z"


def test_one_read_that_misses_a_deleted_endpoint_is_not_enough() -> None:
    """The first look after the deletion is out of date."""

    class Flickering(FakeEndpoints):
        looks = 0

        def get(self, arn: str) -> PaidResource | None:
            self.looks += 1
            return None if self.looks == 1 else self.alive.get(arn)

    throughputs = Flickering()
    arn = throughputs.add()
    folders = Folders({RUN: recorded(arn)})
    with pytest.raises(StillAliveError, match="is still Deleting"):
        release(throughputs, folders=folders).run(RUN)
    assert released_at(folders[RUN]) is None


def test_an_endpoint_that_lost_its_tag_is_an_error_and_not_recorded_as_released() -> None:
    throughputs = FakeEndpoints()
    arn = throughputs.add(tags={})
    folders = Folders({RUN: recorded(arn)})
    with pytest.raises(StillAliveError, match=f"{arn} with the deployment's tag.* must be deleted by hand, or tagged"):
        release(throughputs, folders=folders).run(RUN)
    assert throughputs.alive[arn].status == "Creating"
    assert released_at(folders[RUN]) is None
