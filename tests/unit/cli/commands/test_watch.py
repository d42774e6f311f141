"""`tuner watch`: following a run, and the result at its end."""

import json

import pytest
from rich.text import Text

from tests.doubles import manifest
from tests.unit.cli.fake_aws import ARTIFACTS, Clock, Execution, FakeAws, Refused, Tuner
from tests.unit.cli.histories import TO_TRAINING, History
from tests.unit.cli.samples import ENDPOINT, ESTIMATE, SCORES, failed, report, throughput
from tuner.artifacts.dataset import DatasetSummary
from tuner.artifacts.report import Report
from tuner.cli.terminal.score_table import score_table
from tuner.core.artifact_keys import Keys
from tuner.evaluation.earlier_runs import NONE_EARLIER
from tuner.reporting import step_failure


class TestWatch:
    def test_a_failure_shows_step_cause_and_log(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.add(failed("faq-1"))
        outcome = tuner("watch", "faq-1")
        assert outcome.status == 1
        assert "The run faq-1 failed at 'Check that the account is ready'." in outcome.err
        assert "QuotaError: The quota is 0. Ask AWS to raise it." in outcome.err
        assert "/tuner/step" in outcome.err
        assert "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions" in outcome.err

    def test_the_message_of_a_lambda_error_is_shown(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.add(failed("faq-1", cause=json.dumps({"errorMessage": "No access.", "errorType": "AccessDeniedError"})))
        assert "QuotaError: No access." in tuner("watch", "faq-1").err

    @pytest.mark.parametrize("alive", [False, True])
    def test_a_failure_comes_first_and_costs_are_named_only_if_a_paid_resource_exists(
        self, tuner: Tuner, aws: FakeAws, *, alive: bool
    ) -> None:
        caught = step_failure("QuotaError", "The quota is 0.", "Bedrock says: Conflict.")
        aws.add(failed("faq-1", cause=caught.message))
        aws.throughputs = [throughput("faq-1")] if alive else []
        said = " ".join(tuner("watch", "faq-1").err.split())
        assert "QuotaError: The quota is 0." in said
        assert ("may still cost money" in said) is alive
        assert ("Throughput left: none" in said) is not alive

    @pytest.mark.parametrize("command", ["watch", "show"])
    def test_the_end_says_what_to_do_next(self, tuner: Tuner, aws: FakeAws, command: str) -> None:
        again = "tuner run faq-1 --again"
        step = {"rule": "raise-quota", "action": "Ask AWS.", "reason": "It is 0.", "commands": ["tuner doctor", again]}
        aws.add(failed("faq-1"))
        aws.put("faq-1", Keys.REPORT, report("faq-1", status="FAILED", next_steps=[step]))
        lines = tuner(command, "faq-1", "--stack", "BedrockTuner").err.splitlines()
        said = "".join(f"{line.rstrip()}\n" for line in lines)
        assert "1. Ask AWS.\n   It is 0.\n   tuner doctor --stack BedrockTuner\n" in said
        assert "   tuner run --stack BedrockTuner faq-1 --again\n" in said
        repeated = report("faq-1", status="FAILED", next_steps=[step], failure={"error": "E", "message": "It is 0."})
        aws.put("faq-1", Keys.REPORT, repeated)
        assert "1. Ask AWS.\n   tuner doctor" in "".join(
            f"{line.rstrip()}\n" for line in tuner(command, "faq-1").err.splitlines()
        )

    def test_answers_are_counted_and_the_reason_of_a_retry_is_shown(self, tuner: Tuner, aws: FakeAws) -> None:
        summary = DatasetSummary(training_records=40, validation_records=10, evaluation_records=40)
        cause = json.dumps({"errorMessage": "Bedrock throttles the model.", "errorType": "ThrottledError"})
        to_answers = TO_TRAINING[: TO_TRAINING.index("Answer with the base model")]
        history = History().went(*to_answers).is_in("Answer with the base model").add("TaskScheduled")
        history.add("TaskFailed", taskFailedEventDetails={"error": "ThrottledError", "cause": cause})
        aws.add(Execution("faq-1", "RUNNING", history=history))
        aws.put("faq-1", Keys.DATASET_SUMMARY, summary.to_document())
        aws.put("faq-1", Keys.answers("base", 0), "{}\n" * 12)
        shown = tuner("show", "faq-1").err
        assert "Answer with the base model  12 of 40" in shown
        several = manifest(evaluation={"samples": 3}, inference={"temperature": 0.5})
        aws.put("faq-1", Keys.MANIFEST, several.to_document())
        assert "Answer with the base model  12 of 120" in tuner("show", "faq-1").err
        assert "retrying after ThrottledError: Bedrock throttles the model." in shown
        assert all(len(line) <= 80 for line in shown.splitlines())
        assert "Purchase the commitment" not in shown
        assert "Ask for approval" not in shown

    def test_the_purchase_of_a_commitment_is_listed_when_there_is_one(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.add(Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING)))
        gate = {"correctness": {"at_least": 5}}
        for commitment, listed in ((None, False), ("OneMonth", True)):
            pinned = manifest(commitment=commitment, gate=gate, serving="provisioned")
            aws.put("faq-1", Keys.MANIFEST, pinned.to_document())
            shown = tuner("show", "faq-1").err
            assert ("Purchase the commitment" in shown) is listed
            assert "Keep the throughput" not in shown
            assert "Generate validation data" not in shown

    def test_follows_a_run_to_its_end(self, tuner: Tuner, aws: FakeAws) -> None:
        running = Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING))
        looks = 0

        def end() -> None:
            nonlocal looks
            looks += 1
            if looks == 3:
                aws.add(Execution("faq-1"))

        aws.add(running)
        aws.after["GetExecutionHistory"] = end
        outcome = tuner("watch", "latest")
        assert outcome.status == 0
        assert outcome.err.count("… Wait for the training") == 1
        assert "✓ Score the answers" in outcome.err

    def test_the_result_shows_scores_verdict_stand_ins_and_remaining_throughput(
        self, tuner: Tuner, aws: FakeAws
    ) -> None:
        aws.add(Execution("faq-1"))
        questions = [{"id": "q1", "question": "How long is the pier?", "reference": "Nine metres."}]
        won = {"value": "better", "sentence": "It is better."}
        better = {"interval": [0.1, 0.3]}
        billing = {
            "value": "billing",
            "questions": 6,
            "metrics": {"rouge_l": {"comparison": better, "conclusion": won}},
        }
        slices = [{"field": "topic", "values": 1, "left_out": 2, "slices": [billing]}]
        better_by = {"value": "better", "metric": "rouge_l", "sentence": "The tuned model is better."}
        verdict = {**better_by, "notes": ["Only 8 questions."]}
        more = {"scoring": {"samples": 3, "slices": slices}, "questions": questions}
        aws.put("faq-1", Keys.REPORT, report("faq-1", verdict=verdict, **more))
        aws.put("faq-1", Keys.ESTIMATE, ESTIMATE)
        aws.put("faq-1", Keys.ENDPOINT, ENDPOINT)
        outcome = tuner("watch", "faq-1")
        lines = outcome.err.splitlines()
        scores = [line.split() for line in lines if "Correctness (j" in line or "ROUGE-L  " in line]
        assert scores == [
            ["Correctness", "(judge)", "2.50", "6.25", "+3.75", "+1.50", "to", "+6.00"],
            ["ROUGE-L", "0.100", "0.200", "+0.100"],
        ]
        assert all(len(line) <= 80 for line in lines if "s3://" not in line)
        assert "The tuned model is better." in outcome.err
        assert "Over 1 question, 3 answers each:" in outcome.err
        said = " ".join(outcome.err.split())
        assert "ROUGE-L in 1 slice by topic: 1 better ('billing'). 2 questions without a value left out." in said
        assert "Only 8 questions." in outcome.err
        assert "Cost, at AWS's list prices: $12.00; without a known price: Training" in outcome.err
        assert "Stand-in: SmolLM2 (local stand-in for Nova Micro)" in outcome.err
        assert "Paid window: closed after 1 min 40 s, at most $36.00" in outcome.err
        assert f"s3://{ARTIFACTS}/runs/faq-1/report/index.html" in outcome.err
        assert "Throughput left: none" in outcome.err

    def test_the_result_says_why_a_latency_is_not_known(self, tuner: Tuner, aws: FakeAws) -> None:
        items = [{"id": "batch_input", "contestant": "base", "name": "Base model in batch, questions"}]
        question = {"id": "1", "question": "Why?", "base": {"answer": "A.", "batch": True}}
        estimate = {"items": items, "total_usd": 0, "budget_usd": 1}
        made = report("faq-1", estimate=estimate, questions=[question])
        aws.add(Execution("faq-1"))
        aws.put("faq-1", Keys.REPORT, made)
        assert "The latency of the base model in a batch job is not known." in tuner("show", "faq-1").err

    def test_the_result_has_a_table_of_the_candidates(self, tuner: Tuner, aws: FakeAws) -> None:
        """Without it, "candidate 2" means nothing to who reads the result."""
        common = {"base_model": "amazon.nova-micro-v1:0:128k", "job_name": "n", "job_arn": "a", "epochs_asked": 1}
        rates = {1: "0.000001", 2: "0.00001"}
        candidates = [
            common
            | {"number": number, "hyperparameters": {"learningRate": rate}, "chosen": number == 2}
            | {"custom_model_arn": "m", "validation_loss": 3.84 / number**4}
            for number, rate in rates.items()
        ]
        training = {"job_name": "n", "job_arn": "a", "candidates": candidates, "choice": "Candidate 2 was chosen: why."}
        aws.add(Execution("faq-1"))
        aws.put("faq-1", Keys.REPORT, report("faq-1", training=training))
        lines = [line.split() for line in tuner("show", "faq-1").err.splitlines()]
        at = lines.index(["Candidates:", "Candidate", "2", "was", "chosen:", "why."])
        assert lines[at + 2] == ["1", "learningRate", "0.000001", "3.84", "not", "known", "not", "chosen"]
        assert lines[at + 3] == ["2", "learningRate", "0.00001", "0.240", "not", "known", "chosen"]

    def test_the_result_has_the_warnings_of_the_scores(self, tuner: Tuner, aws: FakeAws) -> None:
        """Who asked for `best` in the first run finds no such row in the tables."""
        aws.add(Execution("faq-1"))
        aws.put("faq-1", Keys.REPORT, report("faq-1", scoring={"warnings": [NONE_EARLIER]}))
        said = " ".join(tuner("show", "faq-1").err.split())
        assert "Warning: compare_with: best: there is no earlier run of this dataset" in said

    @pytest.mark.slow
    def test_the_result_compares_the_tuned_model_with_the_other_contestants(self, tuner: Tuner, aws: FakeAws) -> None:
        retrieval = {
            "difference": -1.0,
            "comparison": {"interval": [-1.5, -0.5]},
            "conclusion": {"value": "worse", "sentence": "It is worse."},
        }
        measure = {
            **SCORES["correctness"],
            "others": {"retrieval": {"mean": 7.25}},
            "compared": {"retrieval": retrieval},
        }
        verdict = {"value": "better", "metric": "correctness", "sentence": "It is better."}
        aws.add(Execution("faq-1"))
        aws.put("faq-1", Keys.REPORT, report("faq-1", verdict=verdict, scores={**SCORES, "correctness": measure}))
        lines = tuner("watch", "faq-1").err.splitlines()
        at = next(number for number, line in enumerate(lines) if line.startswith("tuned against"))
        assert " ".join(lines[at + 1].split()) == "retrieval 7.25 6.25 −1.00 −1.50 to −0.500 – worse"
        assert all(len(line) <= 80 for line in lines if "s3://" not in line)

    def test_the_cost_so_far_is_printed(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.add(Execution("faq-1"))
        items = [{"name": "Base model, answers", "usd": 0.25, "unit_price_usd": 1}]
        aws.put("faq-1", Keys.ESTIMATE, {**ESTIMATE, "items": items})
        shown = tuner("watch", "faq-1").err
        assert shown.count("spent so far: at most $0.25") == 1

    def test_an_unknown_price_is_named(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.add(Execution("faq-1"))
        aws.put("faq-1", Keys.ENDPOINT, ENDPOINT)
        assert "price unknown" in tuner("watch", "faq-1").err

    def test_remaining_throughput_is_named(self, tuner: Tuner, aws: FakeAws) -> None:
        aws.add(failed("faq-1"))
        aws.throughputs = [throughput("faq-1"), throughput("faq-1-r1")]
        outcome = tuner("watch", "faq-1")
        assert outcome.err.count("Still there: ") == 1
        assert "provisioned-model/tuner-faq-1 (InService)" in outcome.err

    def test_ctrl_c_does_not_stop_the_run(
        self, tuner: Tuner, aws: FakeAws, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt(_: float) -> None:
            raise KeyboardInterrupt

        aws.add(Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING)))
        monkeypatch.setattr(clock, "sleep", interrupt)
        outcome = tuner("watch", "faq-1")
        assert outcome.status == 130
        assert "the run continues" in outcome.err
        assert aws.calls("StopExecution") == []

    def test_an_error_while_following_says_that_the_run_continues(self, tuner: Tuner, aws: FakeAws) -> None:
        def expired() -> None:
            raise Refused("ExpiredTokenException", "The security token included in the request is expired")

        aws.add(Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING)))
        aws.after["GetExecutionHistory"] = expired
        outcome = tuner("watch", "faq-1")
        assert outcome.status == 1
        assert "Following stopped, the run continues. Follow it again with: tuner watch faq-1" in outcome.err
        assert "token included in the request is expired" in outcome.err


@pytest.mark.parametrize(("value", "style"), [("better", "good"), ("worse", "bad"), ("undecided", ""), (None, "")])
def test_a_difference_has_the_colour_of_what_it_shows(value: str | None, style: str) -> None:
    """Not of its interval: a difference that is due to missing answers, or one of many comparisons, decides nothing."""
    concluded = {"value": value, "sentence": "A sentence.", "more_questions": 0} if value else None
    shown = {**SCORES["rouge_l"], "comparison": {"interval": (0.1, 0.2)}, "conclusion": concluded}
    written = Report.model_validate(report("faq-1", scores={"m": shown}))
    (_, _, _, difference, _) = [next(iter(column.cells)) for column in score_table(written.scores).columns]
    assert isinstance(difference, Text)
    assert str(difference.style) == style
