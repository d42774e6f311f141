"""The checklist of steps follows the state machine and the execution history."""

from datetime import timedelta

from tests.unit.cli.histories import BEGAN, DEFINITION, TO_THE_END, TO_TRAINING, History
from tuner.cli.progress import training
from tuner.cli.progress.steps import Checklist, HistoryEvent, Step, StepPlan


def checklist(history: History) -> Checklist:
    found = Checklist(StepPlan(DEFINITION))
    events = [{**event, "timestamp": BEGAN + timedelta(seconds=event["id"] - 1)} for event in history.events]
    found.update(map(HistoryEvent.of, events))
    return found


def marks(history: History) -> dict[str, str]:
    return {step.name: step.mark for step in checklist(history).steps}


def step(history: History, name: str) -> Step:
    return next(step for step in checklist(history).steps if step.name == name)


def test_the_plan_is_the_path_to_success_in_order() -> None:
    names = StepPlan(DEFINITION).names
    assert names[0] == "Wait for a preparation place"
    assert names[-1] == "Notify of success"
    assert names.index("Purchase throughput") < names.index("Answer with the tuned model")
    assert not {"Report the failure", "Release after a failure", "Refuse the cost", "The run failed"} & set(names)


def test_a_polling_loop_is_one_line() -> None:
    names = StepPlan(DEFINITION).names
    assert training.STEP in names
    assert not {"Check the customization", "Check the throughput"} & set(names)


def test_the_function_of_a_step_is_found() -> None:
    plan = StepPlan(DEFINITION)
    assert plan.function_of("Answer with the tuned model") == "${AnswerQuestions}"
    assert plan.function_of("Validate the dataset") == "${Validate}"
    assert plan.function_of(training.STEP) == "${CheckCustomization}"
    assert plan.function_of("Refuse the cost") is None


def test_steps_are_waiting_running_or_done() -> None:
    found = marks(History().is_in(*TO_TRAINING))
    assert found["Start the customization"] == "done"
    assert found[training.STEP] == "running"
    assert found["Summarize the training"] == "waiting"


def test_a_polling_loop_runs_from_its_first_wait_to_its_last_check() -> None:
    looping = History().went(*TO_TRAINING, "Check the customization").is_in("Is the training over?")
    assert step(looping, training.STEP).mark == "running"
    over = History().went(*TO_THE_END).ended("Succeeded")
    entered = next(event["id"] for event in over.events if _enters(event, training.STEP))
    left = next(event["id"] for event in over.events if _enters(event, "Summarize the training"))
    assert step(over, training.STEP).seconds(BEGAN) == left - entered


def test_a_run_that_succeeded_has_every_step_done() -> None:
    found = marks(History().went(*TO_THE_END).ended("Succeeded"))
    assert {name for name, mark in found.items() if mark != "done"} == set(found) - set(TO_THE_END)
    assert set(found.values()) == {"done", "skipped"}


def test_a_step_before_the_running_one_that_was_not_entered_is_skipped() -> None:
    found = marks(History().is_in(*TO_TRAINING))
    assert found["Ask for approval"] == "skipped"
    assert found["Summarize the training"] == "waiting"


def test_steps_that_were_not_entered_are_skipped() -> None:
    without_serving = [name for name in TO_THE_END if "hroughput" not in name and "Answer" not in name]
    found = marks(History().went(*without_serving).ended("Succeeded"))
    assert found["Answer with the base model"] == found["Purchase throughput"] == "skipped"
    assert found["Summarize the training"] == "done"


def test_a_caught_failure_marks_its_step_and_shows_the_error_path() -> None:
    history = History().went("Pin the inputs").is_in("Check that the account is ready")
    history.task_failed("QuotaError").left("Check that the account is ready")
    history.went("Report the failure", "Notify of the failure").is_in("The run failed").ended("Failed")
    found = checklist(history)
    assert found.failed and found.failed.name == "Check that the account is ready"
    assert found.steps[-1].name == "Notify of the failure"
    assert marks(history)["Score the answers"] == "skipped"


def test_a_refused_cost_is_the_failed_step() -> None:
    history = History().went(*TO_TRAINING[:7], "Refuse the cost", "Report the failure").ended("Failed")
    failed = checklist(history).failed
    assert failed and failed.name == "Refuse the cost"


def test_a_failed_check_fails_the_line_of_its_loop() -> None:
    history = History().went(*TO_TRAINING).is_in("Check the customization").task_failed("CustomizationFailedError")
    history.left("Check the customization").is_in("Release after a failure")
    failed = checklist(history).failed
    assert failed and failed.name == training.STEP


def test_a_release_after_a_failure_is_done_or_failed() -> None:
    before = TO_THE_END[: TO_THE_END.index("Answer with the tuned model")]
    history = History().went(*before).is_in("Answer with the tuned model").task_failed("AwsError")
    released = history.went("Release after a failure").is_in("Report the failure")
    assert marks(released)["Release after a failure"] == "done"
    history = History().went(*before).is_in("Answer with the tuned model").task_failed("AwsError")
    stuck = history.is_in("Release after a failure").task_failed("StillAliveError").is_in("Report the failure")
    assert marks(stuck)["Release after a failure"] == "failed"


def test_a_failed_attempt_is_noted_until_a_retry_succeeds() -> None:
    history = History().is_in("Pin the inputs").task_failed("ThrottledError")
    assert step(history, "Pin the inputs").problem == "ThrottledError"
    assert step(history.add("TaskScheduled").add("TaskSucceeded"), "Pin the inputs").mark == "running"
    assert step(history.left("Pin the inputs").is_in("Check that the account is ready"), "Pin the inputs").problem == ""


def test_an_error_that_is_not_retried_is_not_shown_as_the_reason_of_a_retry() -> None:
    answering = History().went(*TO_TRAINING[: TO_TRAINING.index("Answer with the base model")])
    answering.is_in("Answer with the base model").task_failed("ThrottledError")
    assert step(answering, "Answer with the base model").problem == "ThrottledError"
    answering.task_failed("EvaluationError")
    assert step(answering, "Answer with the base model").problem == "", "the other parts of the Map still run"


def test_a_map_counts_its_iterations() -> None:
    history = History().is_in(*TO_TRAINING[:10]).add("MapStateStarted", mapStateStartedEventDetails={"length": 5})
    history.add("TaskStateEntered", stateEnteredEventDetails={"name": "Ask the base model"})
    history.add("MapIterationSucceeded", mapIterationSucceededEventDetails={"index": 0})
    found = step(history, "Answer with the base model")
    assert (found.mark, found.note) == ("running", "1 of 5 parts")


def test_a_stopped_run_fails_its_running_step() -> None:
    history = History().is_in(*TO_TRAINING).ended("Aborted")
    failed = checklist(history).failed
    assert failed and failed.name == training.STEP


def _enters(event: dict, name: str) -> bool:
    return event.get("stateEnteredEventDetails", {}).get("name") == name


def test_a_retry_shows_the_sentence_of_the_history() -> None:
    cause = '{"errorMessage": "Bedrock throttles: 3 requests a minute.\\nMore.", "errorType": "ThrottledError"}'
    history = History().is_in("Pin the inputs").add("TaskScheduled")
    history.add("TaskFailed", taskFailedEventDetails={"error": "ThrottledError", "cause": cause})
    assert step(history, "Pin the inputs").problem == "ThrottledError: Bedrock throttles: 3 requests a minute."
    assert step(history.add("TaskScheduled"), "Pin the inputs").problem  # the reason stays while the retry runs
    submitted = (
        History().is_in("Pin the inputs").task_failed("ThrottledError").add("TaskScheduled").add("TaskSubmitted")
    )
    assert step(submitted, "Pin the inputs").problem == "", "it waits for an answer, such as an approval"
    assert step(history.add("TaskSucceeded"), "Pin the inputs").problem == ""


def test_a_function_that_lambda_prepares_is_no_riddle() -> None:
    cause = "The operation cannot be performed at this time. The function is currently in the following state: Pending"
    history = History().is_in("Pin the inputs").add("TaskScheduled")
    history.add("TaskFailed", taskFailedEventDetails={"error": "Lambda.ResourceConflictException", "cause": cause})
    said = "Lambda.ResourceConflictException: Lambda is still preparing the function, as before its first call."
    assert step(history, "Pin the inputs").problem == said
