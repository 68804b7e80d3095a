"""COCO's compressed run lengths (pycocotools maskApi.c rleToString)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from instseg.errors import InvalidArgument


def run_lengths(counts: bytes) -> npt.NDArray[np.int64]:
    """Lengths of the runs of 0 and 1 in turn, beginning with 0.

    A character holds six bits: five of a number, lowest first, and whether more follow; the last
    one's fifth bit is the sign. From the fourth number on, each is the difference to the last but
    one. Raises InvalidArgument for text that is not such.
    """
    codes = np.frombuffer(counts, np.uint8).astype(np.int64) - 48
    if not len(codes) or codes.min() < 0 or codes.max() > 63 or codes[-1] & 32:
        raise InvalidArgument("these are no compressed run lengths")
    ends = np.flatnonzero(codes & 32 == 0)
    begins = np.concatenate([[0], ends[:-1] + 1])
    place = np.arange(len(codes)) - np.repeat(begins, ends - begins + 1)
    if place.max() > 6:
        raise InvalidArgument("compressed run lengths hold a number of more than 32 bits")
    numbers = np.add.reduceat((codes & 31) << (5 * place), begins)
    numbers -= np.where(codes[ends] & 16, 1 << (5 * (place[ends] + 1)), 0)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers
