"""Writes squad_figures.json: SQuAD's exact match and F1 for pairs of answer and reference.

    pip install torchmetrics==1.9.0
    python -m tests.unit.evaluation.squad_figures

torchmetrics has a port of SQuAD's own script. It is no dependency: the tests only need its figures.
"""

import json
from pathlib import Path

FIGURES = Path(__file__).with_suffix(".json")
# SQuAD is right about these: only case, punctuation of prose or whole words differ.
SAME = [
    ("Denver Broncos", "denver broncos"),
    ("Denver Broncos!", "denver broncos"),
    ('"Denver Broncos".', "Denver Broncos"),
    ("about forty two", "forty two"),
    ("red, green and blue", "red green and blue"),
    ("Paris (France)", "Paris, France"),
    ("none", "forty two"),
    ("Zürich und Bern", "in Zürich, in Bern"),
    ("two two two", "two"),
    ("القاهرة عاصمة مصر", "القاهرة"),
]
# SQuAD makes these equal, and they are different answers.
DIFFERENT = [
    ("-5", "5"),
    ("1.5", "15"),
    ("1.10", "11.0"),
    ("C++", "C"),
    ("C#", "C"),
    ("50%", "50"),
    ("$5", "5"),
    ("==", "="),
    ("<=", "<"),
    ("[0, 1]", "(0, 1)"),
    ("vitamin A", "vitamin"),
    ("A", "the"),
    ("re-sign", "resign"),
    ("5.0", "50"),
]


def main() -> None:
    """Computes the figures of all pairs."""
    from torchmetrics.functional.text import squad

    figures = []
    for answer, reference in (*SAME, *DIFFERENT):
        references = {"answer_start": [0], "text": [reference]}
        found = squad([{"prediction_text": answer, "id": "1"}], [{"answers": references, "id": "1"}])
        exact, f1 = (round(float(found[name]) / 100, 6) for name in ("exact_match", "f1"))
        figures.append({"answer": answer, "reference": reference, "exact_match": exact, "f1": f1})
    FIGURES.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
