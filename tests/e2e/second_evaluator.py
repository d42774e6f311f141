"""Every call that the deployed pipeline made, decided again by a policy evaluator that others keep.

The calls are those of all tests before these ones, on the same cloud. Each group of tests with a cloud of its own has
these tests at its end. tests/authorization/differences.py says where the two evaluators differ.
"""

import pytest

from tests.authorization import journal
from tests.authorization.deployment import deployed_policies
from tests.authorization.differences import CALL_DIFFERENCES, KEY_DIFFERENCES, differs
from tests.authorization.evaluation import verdicts
from tests.e2e.pipeline import STACK, small_dataset


class SecondEvaluator:
    """The tests. A group inherits them."""

    @pytest.fixture(scope="class")
    def decided(self, administrator, deployed, calls):
        """The other evaluator's verdicts on what the stack's roles, and services on its resources, asked for."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in deployed.items():
                patch.setenv(name, value)
            pipeline = administrator
            if not pipeline.executions():  # this file alone
                for serving in ("provisioned", "on_demand"):
                    dataset = f"second-{serving.replace('_', '-')}"
                    pipeline.drop(dataset, small_dataset(f"serving: {serving}\n"))
                    assert pipeline.finished(pipeline.run_of(dataset))["status"] == "SUCCEEDED"
            return verdicts(journal.read(calls), deployed_policies(pipeline.client, STACK))

    def test_the_second_policy_evaluator_decides_every_call_alike(self, decided):
        assert {"s3", "kms", "bedrock", "lambda", "states", "scheduler", "iam", "sns"} <= {
            verdict.call.action.partition(":")[0] for verdict in decided
        }
        assert [verdict for verdict in decided if verdict.call.service]
        other = [verdict for verdict in decided if not verdict.agrees]
        assert not [str(each) for each in other if not differs(each.call.action, each.call.resource, CALL_DIFFERENCES)]

    def test_every_allowed_call_is_allowed_by_exactly_one_grant(self, decided):
        """Without that grant the other evaluator refuses it, and no second grant allows it too."""
        allowed = [verdict for verdict in decided if verdict.agrees and verdict.call.decision == "Allow"]
        assert not [f"{each}: {each.needed()}" for each in allowed if len(each.decision.needed) != 1]

    def test_the_second_policy_evaluator_knows_every_condition_key_of_the_calls(self, decided):
        ignored = {(verdict.call.action, key.lower()) for verdict in decided for key in verdict.decision.ignored}
        assert not {each for each in ignored if not differs(*each, KEY_DIFFERENCES)}
