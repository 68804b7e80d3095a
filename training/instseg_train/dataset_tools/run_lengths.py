"""COCO's run lengths, checked before a C library reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

# A run of 32 bits takes at most seven characters of five bits.
_LONGEST = 7


class RunLengthFault(ValueError):
    """code: of the problem; the message says what is wrong."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_counts(counts: Any, pixels: int) -> npt.NDArray[np.int64]:
    """[runs] of pixels, background first; they sum to `pixels`. Raises RunLengthFault.

    counts: a list of integers, or COCO's compressed text: groups of five bits, the lowest first,
    offset by 48, bit 0x20 where more follow; the highest bit is the sign, and from the fourth run
    on the difference to the run two places before is stored (maskApi.c of pycocotools).
    """
    if isinstance(counts, str):
        runs = _decompress(counts)
    elif isinstance(counts, list):
        for index, run in enumerate(counts):
            if isinstance(run, bool) or not isinstance(run, int) or not 0 <= run < 1 << 32:
                message = f"counts[{index}] is no number of pixels: {str(run)[:30]}"
                raise RunLengthFault("rle-counts", message)
        runs = np.asarray(counts, np.int64)
    else:
        raise RunLengthFault(
            "segmentation-type", f"counts is {type(counts).__name__}, neither list nor text"
        )
    if runs.size and int(runs.min()) < 0:
        index = int(np.argmin(runs))
        raise RunLengthFault("rle-broken", f"run {index} has {int(runs[index])} pixels")
    total = int(runs.sum())
    if total != pixels:
        raise RunLengthFault("rle-counts", f"they sum to {total} pixels, the image has {pixels}")
    return runs


def _decompress(text: str) -> npt.NDArray[np.int64]:
    try:
        codes = np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) - 48
    except UnicodeEncodeError as error:
        raise RunLengthFault("rle-broken", f"character {error.start} is not ASCII") from None
    if codes.size == 0:
        return codes
    wrong = np.flatnonzero((codes < 0) | (codes > 63))
    if wrong.size:
        place = int(wrong[0])
        raise RunLengthFault("rle-broken", f"character {place} is {text[place]!r}")
    ends = np.flatnonzero(codes & 0x20 == 0)
    if not ends.size or ends[-1] != codes.size - 1:
        raise RunLengthFault("rle-broken", "the text ends in the middle of a number")
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if int(lengths.max()) > _LONGEST:
        place = int(starts[np.argmax(lengths)])
        raise RunLengthFault("rle-broken", f"the number at character {place} is too long")
    within = np.arange(codes.size) - np.repeat(starts, lengths)
    values = np.add.reduceat((codes & 0x1F) << (5 * within), starts)
    values -= np.where(codes[ends] & 0x10, np.int64(1) << (5 * lengths), 0)
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values


def foreground(runs: npt.NDArray[np.int64]) -> int:
    """Pixels of the mask."""
    return int(runs[1::2].sum())
