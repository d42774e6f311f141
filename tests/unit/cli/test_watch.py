"""`tuner watch`: following a run, and what is said at its end."""

import json

import pytest
from rich.text import Text

from tests.unit.cli.histories import TO_TRAINING, History
from tests.unit.cli.samples import ENDPOINT, ESTIMATE, SCORES, failed, report, throughput
from tests.unit.cli.world import ARTIFACTS, Clock, Execution, Refused, Tuner, World
from tuner.artifacts.report import Report
from tuner.cli.progress.outcome import scores_table
from tuner.core.artifact_keys import Keys


class TestWatch:
    def test_a_failure_says_where_why_and_where_to_look(self, tuner: Tuner, world: World) -> None:
        world.add(failed("faq-1"))
        outcome = tuner("watch", "faq-1")
        assert outcome.status == 1
        assert "The run faq-1 failed at 'Check that the account is ready'." in outcome.err
        assert "QuotaError: The quota is 0. Ask AWS to raise it." in outcome.err
        assert "/tuner/step" in outcome.err
        assert "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions" in outcome.err

    def test_a_lambda_functions_error_is_shown_by_its_message(self, tuner: Tuner, world: World) -> None:
        world.add(failed("faq-1", cause=json.dumps({"errorMessage": "No access.", "errorType": "AccessDeniedError"})))
        assert "QuotaError: No access." in tuner("watch", "faq-1").err

    def test_follows_a_run_until_it_is_over(self, tuner: Tuner, world: World) -> None:
        running = Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING))
        looks = 0

        def end() -> None:
            nonlocal looks
            looks += 1
            if looks == 3:
                world.add(Execution("faq-1"))

        world.add(running)
        world.after["GetExecutionHistory"] = end
        outcome = tuner("watch", "latest")
        assert outcome.status == 0
        assert outcome.err.count("… Wait for the training") == 1
        assert "✓ Score the answers" in outcome.err

    def test_the_result_is_the_scores_the_verdict_the_stand_ins_and_what_is_left(
        self, tuner: Tuner, world: World
    ) -> None:
        world.add(Execution("faq-1"))
        world.put("faq-1", Keys.REPORT, report("faq-1"))
        world.put("faq-1", Keys.ESTIMATE, ESTIMATE)
        world.put("faq-1", Keys.ENDPOINT, ENDPOINT)
        outcome = tuner("watch", "faq-1")
        lines = outcome.err.splitlines()
        scores = [line.split() for line in lines if "Correctness" in line or "ROUGE-L" in line]
        assert scores == [
            ["Correctness", "(judge)", "2.50", "6.25", "+3.75", "+1.50", "to", "+6.00"],
            ["ROUGE-L", "0.100", "0.200", "+0.100"],
        ]
        assert all(len(line) <= 80 for line in lines if "s3://" not in line)
        assert "The tuned model is better." in outcome.err
        assert "Only 8 questions." in outcome.err
        assert "Cost, at AWS's list prices: $12.00 and 1 unknown price" in outcome.err
        assert "Stand-in: SmolLM2 (local stand-in for Nova Micro)" in outcome.err
        assert "Paid window: closed after 1 min 40 s, at most $36.00" in outcome.err
        assert f"s3://{ARTIFACTS}/runs/faq-1/report/index.html" in outcome.err
        assert "Throughput left: none" in outcome.err

    def test_money_so_far_is_said_as_it_is_spent(self, tuner: Tuner, world: World) -> None:
        world.add(Execution("faq-1"))
        items = [{"name": "Base model, answers", "usd": 0.25, "unit_price_usd": 1}]
        world.put("faq-1", Keys.ESTIMATE, {**ESTIMATE, "items": items})
        shown = tuner("watch", "faq-1").err
        assert shown.count("spent so far: at most $0.25") == 1

    def test_an_unknown_price_is_called_so(self, tuner: Tuner, world: World) -> None:
        world.add(Execution("faq-1"))
        world.put("faq-1", Keys.ENDPOINT, ENDPOINT)
        assert "price unknown" in tuner("watch", "faq-1").err

    def test_throughput_that_is_left_is_named(self, tuner: Tuner, world: World) -> None:
        world.add(failed("faq-1"))
        world.throughputs = [throughput("faq-1"), throughput("faq-1-r1")]
        outcome = tuner("watch", "faq-1")
        assert outcome.err.count("Still there: ") == 1
        assert "provisioned-model/tuner-faq-1 (InService)" in outcome.err

    def test_ctrl_c_stops_the_watching_only(
        self, tuner: Tuner, world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt(_: float) -> None:
            raise KeyboardInterrupt

        world.add(Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING)))
        monkeypatch.setattr(clock, "sleep", interrupt)
        outcome = tuner("watch", "faq-1")
        assert outcome.status == 130
        assert "the run continues" in outcome.err
        assert world.calls("StopExecution") == []

    def test_an_error_while_watching_says_that_the_run_goes_on(self, tuner: Tuner, world: World) -> None:
        def expired() -> None:
            raise Refused("ExpiredTokenException", "The security token included in the request is expired")

        world.add(Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING)))
        world.after["GetExecutionHistory"] = expired
        outcome = tuner("watch", "faq-1")
        assert outcome.status == 1
        assert "Following stopped, the run continues. Follow it again with: tuner watch faq-1" in outcome.err
        assert "token included in the request is expired" in outcome.err


@pytest.mark.parametrize(
    ("better", "interval", "style"),
    [
        ("higher", (0.1, 0.2), "good"),
        ("higher", (-0.2, -0.1), "bad"),
        ("lower", (-0.2, -0.1), "good"),
        ("lower", (0.1, 0.2), "bad"),
        ("higher", (-0.1, 0.2), ""),
        ("higher", None, ""),
        (None, (0.1, 0.2), ""),
    ],
)
def test_a_difference_that_chance_may_explain_has_no_colour(
    better: str | None, interval: tuple[float, float] | None, style: str
) -> None:
    written = Report.model_validate(
        report("faq-1", scores={"m": {**SCORES["rouge_l"], "better": better, "comparison": {"interval": interval}}})
    )
    (_, _, _, difference, _) = [next(iter(column.cells)) for column in scores_table(written).columns]
    assert isinstance(difference, Text)
    assert str(difference.style) == style
