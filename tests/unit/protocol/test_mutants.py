"""Each way to break the protocol is found by the search: without this, a search that finds nothing proves nothing."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

import tuner.serving.purchase
import tuner.serving.release
from tests.protocol import clients, transitions
from tests.protocol import session as options
from tests.protocol.invocations import handlers
from tests.protocol.search import explore
from tests.protocol.transitions import SITUATIONS
from tuner.artifacts.serving import EndpointRecord
from tuner.aws.bedrock.training_jobs import TrainingJobs
from tuner.serving import deletion, inventory, release_schedule
from tuner.serving.release import Release
from tuner.serving.sweep import hourly_sweep

PROVISIONED, _, _, OTHERS, _ = SITUATIONS
Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Mutant:
    """A change of the code, and the invariant that it violates in a trace with `deviations` of `only` these kinds."""

    name: str
    change: Callable[[Patch], None]
    violates: str
    deviations: int = 0
    only: tuple[str, ...] = ()
    situation: transitions.Situation = PROVISIONED


def sets(place: object, name: str, value: object) -> Callable[[Patch], None]:
    return lambda patch: patch.setattr(place, name, value)


def deletes_only_what_it_sees(patch: Patch) -> None:
    asked = deletion.ask_to_delete
    patch.setattr(tuner.serving.release, "ask_to_delete", lambda kind, arn: kind.get(arn) and asked(kind, arn))


def has_no_token(wanted: str) -> Callable[[Patch], None]:
    create = clients.Bedrock._create

    def without(self, operation, kind, members):
        return create(self, operation, kind, {**members, "clientRequestToken": ""} if kind == wanted else members)

    return sets(clients.Bedrock, "_create", without)


def buys_without_record_and_token(patch: Patch) -> None:
    has_no_token("provisioned")(patch)
    once = tuner.serving.purchase._once

    class Forgetful:
        def __init__(self, folder):
            self._folder = folder

        def load_if_present(self, _):
            return None

        def __getattr__(self, name):
            return getattr(self._folder, name)

    patch.setattr(
        tuner.serving.purchase,
        "_once",
        lambda wanted, *rest: once(replace(wanted, folder=Forgetful(wanted.folder)), *rest),
    )


def arms_after_the_purchase(patch: Patch) -> None:
    names = list(transitions.STATES)
    arm, buy = names.index("Arm the release switch"), names.index("Purchase throughput")
    names[arm], names[buy] = names[buy], names[arm]
    patch.setattr(transitions, "STATES", {name: transitions.STATES[name] for name in names})


def names_are_proof(patch: Patch) -> None:
    patch.setattr(deletion, "belongs_to", lambda deployment, _, found: found.name.startswith(f"{deployment}-"))


def releases_in_states_only(patch: Patch) -> None:
    patch.setattr(Release, "ended_run", lambda self, run_id, cut_off: tuner.serving.release.ReleaseOutcome((), ()))
    patch.setattr(Release, "sweep", lambda self, is_needed: (tuner.serving.release.ReleaseOutcome((), ()), ()))


def reads_the_record_before_it_deletes(patch: Patch) -> None:
    listed = Release._listed

    def reading(self, kind):
        for found in listed(self, kind):
            if kind.kind != "training":
                self.folder_of(found.name.removeprefix(f"{self.deployment}-")).load_if_present(EndpointRecord)
            yield found

    patch.setattr(Release, "_listed", reading)


def serves_without_a_limit(patch: Patch) -> None:
    needed = inventory.is_needed
    patch.setattr(hourly_sweep, "is_needed", lambda status, name, _, *rest: needed(status, name, 1000, *rest))


def believes_the_first_look(patch: Patch) -> None:
    patch.setattr(tuner.serving.release, "_MISSING_SECONDS", 0)
    patch.setattr(tuner.serving.release, "_VISIBLE_SECONDS", 0)
    deletes_only_what_it_sees(patch)


NOTHING_NEEDED, ALL_NEEDED = lambda *_: lambda *_: False, lambda *_: lambda *_: True
MUTANTS = (
    Mutant("a release deletes only what it sees", deletes_only_what_it_sees, "is alive", 1, (options.HIDES,)),
    Mutant("one look is enough", sets(deletion, "_LOOKS_WITHOUT", 1), "is alive", 2, (options.SLOW, options.MISSES)),
    Mutant("an unseen endpoint is gone at once", believes_the_first_look, "is alive", 1, (options.HIDES,)),
    Mutant("a release does not wait", sets(deletion, "_look", lambda *_: {}), "is alive", 1, (options.SLOW,)),
    Mutant("the schedule ends early", sets(release_schedule, "_is_gone", lambda *_: True), "schedule", 1),
    Mutant("the schedule comes after the purchase", arms_after_the_purchase, "without a release schedule"),
    Mutant("the purchase has no token", has_no_token("provisioned"), "bought 2 times", 1, (options.REPEATED,)),
    Mutant("the job has no token", has_no_token("training"), "was started 2 times", 1, (options.REPEATED,)),
    Mutant(
        "the purchase has neither token nor record",
        buys_without_record_and_token,
        "bought 2 times",
        2,
        (options.CRASH_AFTER, options.MISSES),
    ),
    Mutant("only states release", releases_in_states_only, "alive", 1, (options.STOPPED,)),
    Mutant("the sweep needs nothing", sets(hourly_sweep, "is_needed", NOTHING_NEEDED), "was deleted"),
    Mutant("the sweep needs everything", sets(hourly_sweep, "is_needed", ALL_NEEDED), "alive", 1),
    Mutant("a sweep reads records first", reads_the_record_before_it_deletes, "alive", 0, (), OTHERS),
    Mutant("a name is proof enough", names_are_proof, "another deployment's", 0, (), OTHERS),
    Mutant("an execution keeps its endpoint", serves_without_a_limit, "alive", 2, (options.LONG_WAIT,)),
    Mutant("no job is stopped", sets(TrainingJobs, "delete", lambda *_: None), "is training", 1, (options.STOPPED,)),
)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_search_finds_a_broken_protocol(mutant, monkeypatch):
    mutant.change(monkeypatch)
    with handlers() as bound:
        shortest = explore(bound, mutant.situation, mutant.deviations, mutant.only).violations[0]
    assert mutant.violates in str(shortest.findings)
    assert len(shortest.trace) == mutant.deviations, str(shortest)
