"""Patterns that EventBridge is known to accept or refuse, and the complexity of AWS's event-ruler."""

import json

import pytest
from ministack.services import eventbridge
from ministack.services.cloudformation import provisioners

from local.patches.events import event_patterns
from local.patches.events.event_patterns import LIMIT, TOO_COMPLEX, complexity, refusal


def pattern(*wildcards):
    return {"detail": {"object": {"key": [{"wildcard": wildcard} for wildcard in wildcards]}}}


@pytest.mark.parametrize(
    ("wildcards", "expected"),
    [
        # Rules of public projects, two that AWS accepted and two that it refused (a roll-back in production).
        (["*/datasync/*.a", "*/datasync/*.b"], 8),
        (["*:stack/One/*", "*:stack/Two/*", "*:stack/Three/*"], 9),
        (["*:stack/One/*", "*:stack/Two/*", "*:stack/Three/*", "*:stack/Four/*"], 12),
        (["*/datasync/*.a", "*/datasync/*.b", "*/datasync/*.c", "*/datasync/*.d"], 16),
        # From the evaluator's published tests, where the quotes of a JSON string add nothing.
        (["*ab"], 2),
        (["*aa"], 3),
        (["a*bc"], 2),
        (["a*bcb"], 3),
        (["*ab*ad"], 4),
        (["a*b*bb"], 5),
        (["ab*c", "x*xx"], 3),
        (["a*bcd", "ab*cd"], 4),
        (["ab*cd", "ab*wx", "ab*yz"], 6),
        (["*abc", "*abcde"], 4),
    ],
)
def test_the_complexity_is_that_of_the_event_ruler(wildcards, expected):
    assert complexity(pattern(*wildcards)) == expected
    assert (refusal(json.dumps(pattern(*wildcards))) == TOO_COMPLEX) == (expected > LIMIT)


def test_one_wildcard_is_accepted_and_fifteen_are_refused():
    kinds = [f"incoming/*/training.{kind}" for kind in "abcdefghijklmno"]
    assert complexity(pattern("incoming/*/training.*")) == 3
    assert complexity(pattern(*kinds)) == 30
    assert refusal(json.dumps(pattern(*kinds))) == TOO_COMPLEX


def test_prefixes_suffixes_and_values_add_no_complexity():
    matchers = [{"prefix": "incoming/"}, {"suffix": "/training.csv"}, {"anything-but": ["a"]}, "exact", 5, None]
    assert complexity({"source": ["aws.s3"], "detail": {"object": {"key": matchers}}}) == 0


def test_an_escaped_asterisk_is_literal():
    assert complexity(pattern(r"a\*b\\*c")) == complexity(pattern("a!b!*c"))


def test_the_alternatives_of_or_count_for_one_field():
    either = {"$or": [{"key": [{"wildcard": "a*b"}]}, {"key": [{"wildcard": "a*c"}]}]}
    assert complexity(either) == complexity({"key": [{"wildcard": "a*b"}, {"wildcard": "a*c"}]})


def test_a_pattern_has_2048_characters_at_most():
    assert refusal(json.dumps({"source": ["x" * 2030]})) is None
    assert "longer than 2048" in (refusal(json.dumps({"source": ["x" * 2040]})) or "")


class TestInstalled:
    @pytest.fixture(autouse=True)
    def installed(self, monkeypatch):
        monkeypatch.setattr(eventbridge, "_event_pattern_error", eventbridge._event_pattern_error)
        handlers = provisioners._RESOURCE_HANDLERS
        monkeypatch.setitem(handlers, "AWS::Events::Rule", {"create": lambda *_: "made"})
        event_patterns.install()
        self.create = handlers["AWS::Events::Rule"]["create"]

    def test_cloudformation_refuses_what_put_rule_refuses(self):
        refused = {"EventPattern": pattern(*(f"*/{kind}/*.x" for kind in "abcd"))}
        with pytest.raises(ValueError, match="Rule is too complex"):
            self.create("Rule", refused, "stack")
        assert eventbridge._event_pattern_error(json.dumps(refused["EventPattern"])) == TOO_COMPLEX

    def test_a_schedule_and_a_simple_pattern_are_created(self):
        assert self.create("Rule", {"ScheduleExpression": "rate(1 hour)"}, "stack") == "made"
        assert self.create("Rule", {"EventPattern": pattern("incoming/*/x")}, "stack") == "made"

    def test_an_invalid_pattern_keeps_its_own_error(self):
        assert eventbridge._event_pattern_error("{") not in (None, TOO_COMPLEX)
