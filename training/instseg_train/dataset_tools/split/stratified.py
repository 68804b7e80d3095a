"""Divides items into two parts that show every label in the same proportion.

Iterative stratification: Sechidis, Tsoumakas, Vlahavas, "On the Stratification of Multi-label
Data", ECML PKDD 2011: rare labels are given out first, each item to the part that wants its label
most. Here the parts' sizes are exact.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np

_NOTHING = object()


def first_size(count: int, percent: float) -> int:
    """Of `count` items the first part's: the nearest number, but at least one for each part."""
    size = math.floor(count * percent / 100 + 0.5)
    return min(max(size, 1), count - 1) if count > 1 else count


def stratified_split(
    labels: Sequence[Sequence[Hashable]], percent: float, seed: int
) -> tuple[list[int], list[int]]:
    """Indices of both parts, rising; the first has `first_size` of them.

    labels: of each item; items without any count as having one of their own. The same arguments
    give the same parts.
    """
    count = len(labels)
    sizes = [first_size(count, percent), count - first_size(count, percent)]
    shares = [size / count if count else 0.0 for size in sizes]
    sets = [dict.fromkeys(own) or {_NOTHING: None} for own in labels]
    order = np.random.default_rng(seed).permutation(count).tolist()
    items: dict[Hashable, list[int]] = {}
    for index in order:
        for label in sets[index]:
            items.setdefault(label, []).append(index)
    left = Counter({label: len(own) for label, own in items.items()})
    wanted = [{label: share * len(own) for label, own in items.items()} for share in shares]
    room = list(sizes)
    part_of = [-1] * count
    place = {label: number for number, label in enumerate(items)}
    while left:
        label = min(left, key=lambda key: (left[key], place[key]))
        for index in items[label]:
            if part_of[index] >= 0:
                continue
            part = _part(label, wanted, room, shares)
            part_of[index] = part
            room[part] -= 1
            for own in sets[index]:
                wanted[part][own] -= 1
                left[own] -= 1
        del left[label]
    first = [index for index in range(count) if part_of[index] == 0]
    return first, [index for index in range(count) if part_of[index] == 1]


def _part(
    label: Hashable, wanted: list[dict[Hashable, float]], room: list[int], shares: list[float]
) -> int:
    """The part that wants the label most; of equals the one with more room for its size."""
    if not room[0] or not room[1]:
        return 0 if room[0] else 1
    first, second = wanted[0][label], wanted[1][label]
    if abs(first - second) > 1e-9:
        return 0 if first > second else 1
    return 0 if room[0] * shares[1] >= room[1] * shares[0] else 1
