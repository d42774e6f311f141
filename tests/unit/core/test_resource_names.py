"""Resource names fit the limits of their kind and are unique, whatever the deployment, dataset and suffix."""

import re
from functools import cache

import botocore.loaders
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tuner.core.resource_names import (
    BATCH_NUMBERS,
    CANDIDATE_NUMBERS,
    LIMITS,
    Kind,
    batch_name,
    candidate_name,
    candidate_number,
    committed_name,
    fit,
    resource_name,
    run_names,
    without_suffix,
)
from tuner.core.run import run_id
from tuner.costs.batch_choice import MOST_BATCHES
from tuner.settings.run.candidates import MOST_CANDIDATES

DEPLOYMENTS = st.from_regex(r"[a-z][a-z0-9]{1,14}", fullmatch=True)
# Longer than the settings allow, too: a limit that is raised there must not break a name here.
PREFIXES = st.one_of(DEPLOYMENTS, st.text(min_size=1, max_size=300))
SUFFIXES = st.one_of(st.just(""), st.from_regex(r"-[a-z]{1,20}", fullmatch=True), st.text(max_size=120))
CONTENT = [("training.jsonl", "a" * 64)]

# Where botocore knows a kind's limits: service, shape.
MODELLED = {
    Kind.JOB: ("bedrock", "JobName"),
    Kind.MODEL: ("bedrock", "CustomModelName"),
    Kind.THROUGHPUT: ("bedrock", "ProvisionedModelName"),
    Kind.DEPLOYMENT: ("bedrock", "ModelDeploymentName"),
    Kind.EXECUTION: ("stepfunctions", "Name"),
    Kind.STATE_MACHINE: ("stepfunctions", "Name"),
    Kind.SCHEDULE: ("scheduler", "Name"),
    Kind.SCHEDULE_GROUP: ("scheduler", "ScheduleGroupName"),
    Kind.LOG_GROUP: ("logs", "LogGroupName"),
    Kind.ROLE: ("iam", "roleNameType"),
    Kind.RULE: ("events", "RuleName"),
    Kind.ALARM: ("cloudwatch", "AlarmName"),
}
OF_A_RUN = (Kind.JOB, Kind.MODEL, Kind.THROUGHPUT, Kind.DEPLOYMENT, Kind.SCHEDULE, Kind.EXECUTION)


@cache
def shape(kind: Kind) -> dict[str, object]:
    service, name = MODELLED[kind]
    return botocore.loaders.Loader().load_service_model(service, "service-2")["shapes"][name]


def fits(kind: Kind, name: str) -> bool:
    limit = LIMITS[kind]
    return 0 < len(name) <= limit.longest and bool(limit.pattern.fullmatch(name))


@pytest.mark.parametrize("kind", MODELLED, ids=str)
def test_limits_equal_botocores(kind: Kind) -> None:
    modelled = shape(kind)
    assert LIMITS[kind].longest == modelled["max"]


@pytest.mark.parametrize("kind", MODELLED, ids=str)
@settings(max_examples=examples(20))
@given(head=PREFIXES, dataset=st.text(min_size=1), suffix=SUFFIXES)
def test_a_name_matches_botocores_pattern(kind: Kind, head: str, dataset: str, suffix: str) -> None:
    pattern = str(shape(kind).get("pattern") or ".*")
    assert re.fullmatch(pattern, fit(kind, f"{head}-{dataset}", suffix), re.DOTALL)


@pytest.mark.parametrize("kind", Kind, ids=str)
@settings(max_examples=examples(20))
@given(head=PREFIXES, dataset=st.text(min_size=1), suffix=SUFFIXES)
@example(head="t", dataset="x" * 600, suffix="-committed")
@example(head="9", dataset="---", suffix="y" * 600)
def test_every_kind_accepts_every_name(kind: Kind, head: str, dataset: str, suffix: str) -> None:
    assert fits(kind, fit(kind, f"{head}-{dataset}", suffix))


@pytest.mark.slow
@pytest.mark.parametrize("kind", Kind, ids=str)
@settings(max_examples=examples(20))
@given(names=st.sets(st.tuples(PREFIXES, SUFFIXES), min_size=2, max_size=2))
def test_different_inputs_give_different_names(kind: Kind, names: set[tuple[str, str]]) -> None:
    first, second = names
    if "".join(first) != "".join(second):
        assert fit(kind, *first) != fit(kind, *second)


@pytest.mark.parametrize("tail", ["", "-committed"])
@pytest.mark.parametrize("kind", Kind, ids=str)
def test_long_names_with_the_same_beginning_stay_different(kind: Kind, tail: str) -> None:
    names = {fit(kind, "x" * 600 + end, tail) for end in ("a", "b", "-a", "_a", "a ")}
    assert len(names) == 5


@given(deployment=DEPLOYMENTS, dataset=st.text(min_size=1), repeat=st.integers(0, 999))
def test_resource_names_of_a_run_fit_and_keep_deployment_hash_and_suffix(
    deployment: str, dataset: str, repeat: int
) -> None:
    run = run_id(dataset, CONTENT, repeat)
    hash_and_repeat = re.search(r"-[0-9a-f]{12}(-r\d+)?$", run)
    assert hash_and_repeat
    with_suffix = {
        f"-candidate-{number}": candidate_name(deployment, run, number) for number in (1, CANDIDATE_NUMBERS[-1])
    }
    with_suffix |= {"": resource_name(deployment, run), "-committed": committed_name(deployment, run)}
    for suffix, name in with_suffix.items():
        assert all(fits(kind, name) for kind in OF_A_RUN)
        assert name.startswith(f"{deployment}-")
        assert name.endswith(f"{hash_and_repeat[0]}{suffix}")


@given(dataset=st.text(min_size=1), repeat=st.integers(0, 999))
def test_the_name_of_a_candidate_tells_its_number_and_no_other_name_does(dataset: str, repeat: int) -> None:
    run = run_id(dataset, CONTENT, repeat)
    names = {number: candidate_name("tuner", run, number) for number in CANDIDATE_NUMBERS}
    assert {candidate_number(name): name for name in names.values()} == names
    others = run_names("tuner", run) - set(names.values())
    batches = {batch_name("tuner", run, number) for number in BATCH_NUMBERS}
    assert others == {resource_name("tuner", run), committed_name("tuner", run), *batches}
    assert {candidate_number(name) for name in others} == {None}


def test_names_have_room_for_the_numbers_that_a_run_can_have() -> None:
    assert MOST_CANDIDATES in CANDIDATE_NUMBERS
    assert MOST_BATCHES in BATCH_NUMBERS


def test_the_names_of_a_run_without_their_suffix_are_the_runs() -> None:
    assert {without_suffix(name) for name in run_names("tuner", "faq-0123456789ab")} == {"tuner-faq-0123456789ab"}


@pytest.mark.parametrize(
    ("name", "known"),
    [
        (resource_name("tuner", "faq-0123456789ab"), "tuner-faq-0123456789ab"),
        (resource_name("tuner", "faq-0123456789ab-r3"), "tuner-faq-0123456789ab-r3"),
        (committed_name("tuner", "faq-0123456789ab"), "tuner-faq-0123456789ab-committed"),
        (resource_name("a" * 15, f"{'b' * 28}-0123456789ab-r99"), f"{'a' * 15}-{'b' * 28}-0123456789ab-r99"),
    ],
)
def test_names_that_fit_are_unchanged_since_the_previous_release(name: str, known: str) -> None:
    assert name == known
