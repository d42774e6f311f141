"""The diagram in docs/state-machine.md."""

import re
from collections import defaultdict

from statemachine.definition import definition
from statemachine.state_machine_page import state_machine_page

_EDGE = re.compile(r'^  (s\d+) -- "(.+)" --> s\d+$', re.MULTILINE)


def test_each_edge_of_a_choice_has_a_condition_of_its_own() -> None:
    labels = defaultdict(list)
    for source, label in _EDGE.findall(state_machine_page()):
        labels[source].append(label)
    choices = [state for state in definition()["States"].values() if state["Type"] == "Choice"]
    assert len(labels) == len(choices)
    assert sorted(len(found) for found in labels.values()) == sorted(len(choice["Choices"]) + 1 for choice in choices)
    assert all(len(set(found)) == len(found) and found.count("otherwise") == 1 for found in labels.values())
    assert "estimate.decision = 'approve'" in [label for found in labels.values() for label in found]
    assert "-- yes -->" not in state_machine_page()
