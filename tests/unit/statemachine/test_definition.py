"""Tests the definition with all checks, and that each check fails on a broken definition."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

import pytest

from statemachine.definition import SOURCE, definition, source
from statemachine.format import formatted
from tests.unit.statemachine import checks, retry_checks
from tests.unit.statemachine.machine import Machine

Definition = dict[str, Any]
TASK = "Preprocess the dataset"


CHECKS = [
    check
    for module in (checks, retry_checks)
    for name, check in vars(module).items()
    if inspect.isfunction(check) and check.__module__ == module.__name__ and not name.startswith(("_", "least_"))
]


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_definition_passes_every_check(check: Callable[[Machine], None]) -> None:
    check(Machine(definition()))


def test_the_file_is_as_the_formatter_writes_it() -> None:
    assert SOURCE.read_text("utf-8") == formatted(source()) + "\n", "run python3 -m statemachine.format"


def test_the_formatter_changes_nothing_but_the_layout() -> None:
    assert json.loads(formatted(definition())) == definition()


def state(definition: Definition, name: str = TASK) -> dict[str, Any]:
    found: dict[str, Any] = definition["States"][name]
    return found


def set_in(path: str, value: Any) -> Callable[[Definition], None]:
    """Sets `State/Key/0/Key` to a value; None takes it away."""

    def change(definition: Definition) -> None:
        *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
        place: Any = definition["States"]
        for part in parents:
            place = place[part]
        if value is None:
            del place[last]
        else:
            place[last] = value

    return change


def without_limit(definition: Definition) -> None:
    definition["TimeoutSeconds"] = 0


def without_preparation_place(definition: Definition) -> None:
    definition["StartAt"] = "Pin the inputs"


MUTATIONS = [
    (checks.the_definition_has_a_time_limit_and_uses_jsonata, without_limit),
    (
        checks.a_run_waits_for_its_places_before_it_needs_them,
        set_in("Ask for approval/Next", "Is the model to be served?"),
    ),
    (checks.a_run_waits_for_its_places_before_it_needs_them, without_preparation_place),
    (
        checks.a_run_without_a_place_only_asks_or_ends,
        set_in("Ask for approval of the generation/Next", "Generate validation data"),
    ),
    (checks.a_run_without_a_place_only_asks_or_ends, set_in("Ask for approval/Next", "Is the model to be served?")),
    (
        checks.nothing_is_paid_for_before_its_cost_is_decided,
        set_in("Is validation data to be generated?/Choices/0/Next", "Generate validation data"),
    ),
    (
        checks.nothing_is_paid_for_before_its_cost_is_decided,
        set_in("Validate the dataset/Next", "Is the model to be served?"),
    ),
    (checks.every_loop_ends, set_in("Is the training over?/Choices/1", None)),
    (checks.every_loop_ends, set_in("Is the throughput in service?/Choices/1/Condition", "{% $turns > $most %}")),
    (checks.every_loop_ends, set_in("Check the throughput/Assign/turns", None)),
    (checks.every_loop_ends, set_in("Start the customization/Assign/turns", 0)),
    (checks.every_loop_ends, set_in("Is the training over?/Choices/1/Next", "Start the customization")),
    (checks.every_loop_ends, set_in("Purchase throughput/Assign/turns", None)),
    (checks.every_loop_ends, set_in("Give up the generation/Next", "Generate validation data")),
    (checks.every_state_is_commented_and_named_as_a_sentence, set_in(f"{TASK}/Comment", None)),
    (checks.every_target_exists_and_every_state_is_reached, set_in(f"{TASK}/Next", "Nowhere")),
    (checks.every_target_exists_and_every_state_is_reached, set_in(f"{TASK}/Next", "Estimate the cost")),
    (checks.every_choice_has_a_default, set_in("Is the training over?/Default", None)),
    (retry_checks.every_task_retries_temporary_errors, set_in(f"{TASK}/Retry/0/ErrorEquals", ["RetryableError"])),
    (retry_checks.every_task_retries_temporary_errors, set_in(f"{TASK}/Retry/1/JitterStrategy", "SOME")),
    (
        retry_checks.every_task_retries_temporary_errors,
        set_in("Start the customization/Retry/2/ErrorEquals", ["ThrottledError"]),
    ),
    (
        retry_checks.every_task_retries_temporary_errors,
        set_in(f"{TASK}/Retry/3/ErrorEquals/1", "Lambda.CodeArtifactUserFailedException"),
    ),
    (retry_checks.the_first_entry_waits_until_a_function_is_ready, set_in(f"{TASK}/Retry/0", None)),
    (
        retry_checks.the_first_entry_waits_until_a_function_is_ready,
        set_in("Score the answers/ItemProcessor/States/Grade one shard/Retry/0/MaxAttempts", 6),
    ),
    (
        retry_checks.the_first_entry_waits_until_a_function_is_ready,
        set_in(f"{TASK}/Retry/0/JitterStrategy", "FULL"),
    ),
    (retry_checks.throttled_invocations_are_retried_for_hours, set_in(f"{TASK}/Retry/1/MaxAttempts", 20)),
    (
        retry_checks.throttled_invocations_are_retried_for_hours,
        set_in("Release after a failure/Retry/1/MaxAttempts", 30),
    ),
    (retry_checks.eventual_consistency_is_retried_for_minutes, set_in(f"{TASK}/Retry/2/JitterStrategy", "FULL")),
    (retry_checks.every_retry_entry_is_valid, set_in(f"{TASK}/Retry/1/MaxDelaySeconds", 1)),
    (checks.every_failure_is_caught, set_in("Answer with the tuned model/Catch/0/ErrorEquals", ["AwsError"])),
    (
        checks.every_failure_is_caught,
        set_in("Answer with the tuned model/ItemProcessor/States/Ask the tuned model/Catch", []),
    ),
    (checks.approvals_are_requested_with_a_time_limit, set_in("Ask for approval/TimeoutSeconds", None)),
    (
        checks.approvals_are_requested_with_a_time_limit,
        set_in("Ask for approval/Retry/0/ErrorEquals", ["States.Timeout"]),
    ),
    (checks.approvals_are_requested_with_a_time_limit, set_in("Ask for approval/Arguments/Payload/task_token", "")),
    (checks.approvals_are_requested_with_a_time_limit, set_in("Is the cost within the budget?/Choices/1", None)),
    (
        retry_checks.every_error_of_a_state_is_defined,
        set_in("Refuse the cost/Assign/failure/error", "TooExpensiveError"),
    ),
    (checks.every_failure_is_caught, set_in("Ask for approval/Catch/1", None)),
    (retry_checks.every_error_name_exists, set_in(f"{TASK}/Retry/0/ErrorEquals/0", "TemporaryError")),
    (
        retry_checks.every_retryable_error_is_retried_somewhere,
        set_in("Start the customization/Retry/2/ErrorEquals", ["AwsError"]),
    ),
    (
        checks.every_path_from_a_purchase_is_released,
        set_in("Check the throughput/Catch/0/Next", "Report the failure"),
    ),
    (checks.every_path_from_a_purchase_is_released, set_in("Answer with the tuned model/Next", "Score the answers")),
    (
        checks.every_path_from_a_purchase_is_released,
        set_in("Release the refused model/Arguments/FunctionName", "${Notify}"),
    ),
    (
        checks.every_path_from_a_purchase_is_released,
        set_in("Is the throughput to be kept?/Default", "Score the answers"),
    ),
    (
        checks.every_failure_is_released_once_anything_is_paid_for,
        set_in("Apply the gate/Catch/0/Next", "Report the failure"),
    ),
    (
        checks.every_failure_is_released_once_anything_is_paid_for,
        set_in("Check the customization/Catch/0/Next", "Report the failure"),
    ),
    (
        checks.only_an_accepted_model_stays_paid_for,
        set_in("What becomes of the throughput?/Choices/0/Condition", "{% $keep_hours > 0 %}"),
    ),
    (checks.only_an_accepted_model_stays_paid_for, set_in("Apply the gate/Next", "Purchase the commitment")),
    (
        checks.only_an_accepted_model_stays_paid_for,
        set_in("What becomes of the throughput?/Default", "Keep the throughput"),
    ),
    (
        checks.a_failed_release_is_repeated_in_another_state,
        set_in("Release the throughput/Catch/0/Next", "Report the failure"),
    ),
    (
        checks.a_failed_release_is_repeated_in_another_state,
        set_in("Release the throughput/Retry/2/MaxAttempts", 10),
    ),
    (
        checks.the_release_schedule_precedes_every_purchase,
        set_in("Is the tuned model to be asked?/Default", "Purchase throughput"),
    ),
    (
        checks.only_answers_are_collected_while_throughput_is_paid_for,
        set_in("Answer with the tuned model/Next", "Score the answers"),
    ),
    (checks.every_variable_is_assigned_on_every_path, set_in("Start the customization/Assign", {})),
    (checks.every_variable_is_assigned_on_every_path, set_in(f"{TASK}/Catch/0/Assign", {})),
    (checks.every_variable_is_used, set_in(f"{TASK}/Assign/records", "{% $states.result.Payload.records %}")),
    (checks.every_expression_is_jsonata, set_in("Wait for the training/Seconds", "{% $wait_seconds + %}")),
    (
        checks.every_placeholder_is_a_function_that_a_state_calls,
        set_in(f"{TASK}/Arguments/FunctionName", "${Validate}"),
    ),
    (checks.every_payload_matches_its_function, set_in(f"{TASK}/Arguments/Payload/dataset", "faq")),
    (checks.every_payload_matches_its_function, set_in("Answer with the tuned model/ItemSelector/shards", None)),
    (checks.every_payload_matches_its_function, set_in("Write the report/Arguments/Payload/failure", None)),
    (checks.every_task_outlasts_its_function, set_in(f"{TASK}/TimeoutSeconds", 900)),
    (checks.a_failed_run_says_why, set_in("The run failed/Cause", "The run failed.")),
    (checks.a_failed_run_says_why, set_in("Release after a failure/Catch/0/Assign/failure/release_error", "why")),
]


@pytest.mark.slow
@pytest.mark.parametrize(("check", "mutation"), MUTATIONS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_check_finds_each_planted_error(
    check: Callable[[Machine], None], mutation: Callable[[Definition], None]
) -> None:
    broken = definition()
    mutation(broken)
    with pytest.raises(AssertionError):
        check(Machine(broken))


def test_every_check_is_shown_to_notice_something() -> None:
    assert {check.__name__ for check, _ in MUTATIONS} == {check.__name__ for check in CHECKS}
