"""The score threshold of a comparison, chosen from a reference run."""

from __future__ import annotations

from collections.abc import Sequence

FEWEST, MOST = 15, 25  # instances the reference keeps: a busy street scene


def choose_threshold(scores: Sequence[float], fewest: int = FEWEST, most: int = MOST) -> float:
    """A threshold that keeps `fewest` to `most` of the scores (those above it).

    It lies in the middle of the widest gap between neighbouring scores in that range, so that
    rounding differences between two engines rarely move a score across it.
    Raises ValueError if there are not enough scores.
    """
    ordered = sorted(scores, reverse=True)
    if len(ordered) <= fewest:
        raise ValueError(
            f"the reference found {len(ordered)} instances at threshold 0, "
            f"more than {fewest} are needed: take a busier image"
        )
    kept = range(fewest, min(most, len(ordered) - 1) + 1)
    widest = max(kept, key=lambda k: ordered[k - 1] - ordered[k])
    return (ordered[widest - 1] + ordered[widest]) / 2
