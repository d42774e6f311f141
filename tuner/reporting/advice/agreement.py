"""Words for how far judge and people agree beyond chance."""

from __future__ import annotations


def kappa_in_words(value: float) -> str:
    """The usual names of Landis and Koch, "The Measurement of Observer Agreement for Categorical Data" (1977)."""
    if value < 0:
        return "less than chance"
    names = ("slight", "fair", "moderate", "substantial", "almost perfect")
    return next((name for name, end in zip(names, (0.2, 0.4, 0.6, 0.8), strict=False) if value <= end), names[-1])


def alpha_in_words(value: float) -> str:
    """What Krippendorff, "Content Analysis", allows to conclude from scores with this agreement."""
    if value >= 0.8:
        return "reliable"
    return "reliable enough for tentative conclusions only" if value >= 0.667 else "not reliable"
