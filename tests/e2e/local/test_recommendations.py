"""What a run recommends follows from what was planted: facts in documents alone, or a style in training data alone.

The local network is trained and asked, for minutes each: `pytest -m thorough tests/e2e/local/test_recommendations.py`.
"""

import json

import pytest

from tests.e2e.clouds import deployed_cloud
from tests.e2e.pipeline import until

pytestmark = [pytest.mark.e2e, pytest.mark.thorough]

# Until a test gives up: a machine with other load takes several times as long as an idle one.
_PATIENCE_SECONDS = 7200
_OFFICES = ("Tarnholm", "Velsund", "Okrabay", "Pellmoor", "Quenby", "Ristow", "Sableford", "Thornwick", "Ulverby")
_STOCK = ("printers", "chairs", "laptops", "plants", "lamps", "phones", "screens", "badges", "keys", "maps")
_THINGS = ("oven", "kettle", "toaster", "blender", "freezer", "mixer", "grill", "juicer")
_DESKS = ("NORTH", "SOUTH", "EAST", "WEST")
_FAULTS = ("does not start", "is too loud", "smells of smoke", "leaks water", "shows an error")


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    """The app in a cloud of its own that trains the larger network, as its administrator sees it."""
    folder = tmp_path_factory.mktemp("recommendations") / "cloud"
    with deployed_cloud(folder, "smollm2", {}, {"SFN_WAIT_SCALE": "0.2", "LOCAL_PENDING": "0.1"}) as pipeline:
        yield pipeline


def lines(pairs):
    return "".join(json.dumps({"question": question, "answer": answer}) + "\n" for question, answer in pairs).encode()


def reported(pipeline, dataset, files):
    """The report of the dataset's run, of which nothing is left that costs money."""
    pipeline.drop(dataset, files)
    run = pipeline.run_of(dataset)
    until(lambda: pipeline.describe(run)["status"] != "RUNNING", f"an end of {run}", _PATIENCE_SECONDS)
    report = pipeline.report(run)
    assert report["status"] == "SUCCEEDED", report["failure"]
    assert pipeline.alive() == []
    return report


def means(report):
    measure = report["scores"]["correctness"]
    sides = {"base": measure["base"], "tuned": measure["tuned"]} | measure.get("others", {})
    return {name: side["mean"] for name, side in sides.items()}


def test_facts_that_stand_in_documents_alone_recommend_passages(pipeline):
    facts = {place: f"The door code of the {place} office is {4103 + 389 * at}." for at, place in enumerate(_OFFICES)}
    asked = [(f"What is the door code of the {place} office?", fact) for place, fact in facts.items()]
    trained = [
        (f"How many {thing} are in stock?", f"There are {12 + 37 * at} {thing}.") for at, thing in enumerate(_STOCK)
    ]
    settings = (
        "hyperparameters: {epochCount: 1}\ncompare_with: [base, retrieval]\nretrieval: {passages: 1}\n"
        "inference: {max_tokens: 24}\nevaluation: {metrics: [correctness]}\n"
    )
    documents = {
        f"documents/{place.lower()}.md": f"{fact} It is changed in May.".encode() for place, fact in facts.items()
    }
    report = reported(
        pipeline,
        "handbook",
        documents
        | {
            "training.jsonl": lines(trained[2:]),
            "validation.jsonl": lines(trained[:2]),
            "evaluation.jsonl": lines(asked),
            "run.yaml": settings.encode(),
        },
    )
    found = report["recommendation"]
    assert (found["outcome"], found["contestant"]) == ("ship", "retrieval"), (found["sentence"], means(report))
    assert means(report)["retrieval"] > max(means(report)["base"], means(report)["tuned"]) + 2


def test_a_style_that_only_the_training_data_has_recommends_the_tuned_model(pipeline):
    pairs = [
        (
            f"My {thing} {fault}. What do I do?",
            f"TICKET OPENED. YOUR {thing.upper()} GOES TO DESK {_DESKS[at % len(_DESKS)]}.",
        )
        for at, thing in enumerate(_THINGS)
        for fault in (_FAULTS[(at + turn) % len(_FAULTS)] for turn in range(len(_FAULTS)))
    ]
    by_turn = [pairs[turn :: len(_FAULTS)] for turn in range(len(_FAULTS))]
    settings = (
        "hyperparameters: {epochCount: 3}\ncompare_with: [base]\ninference: {max_tokens: 24}\n"
        "evaluation: {metrics: [correctness]}\n"
    )
    report = reported(
        pipeline,
        "style",
        {
            "training.jsonl": lines([pair for turn in by_turn[:3] for pair in turn]),
            "validation.jsonl": lines(by_turn[3]),
            "evaluation.jsonl": lines(by_turn[4]),
            "run.yaml": settings.encode(),
        },
    )
    found = report["recommendation"]
    assert (found["outcome"], found["contestant"]) == ("ship", "tuned"), (found["sentence"], means(report))
    assert report["verdict"]["value"] == "better"
    assert means(report)["tuned"] > means(report)["base"] + 2
