"""What a command prints of a result."""

import os
from collections import Counter

from instseg.cli.table import text_table
from instseg.result import Result


def result_place(result: Result) -> str:
    """Where the picture came from: path, address or short name, and the page in brackets."""
    place = os.fsencode(result.source or result.source_name).decode(errors="replace")
    return place if result.page_index is None else f"{place} [{result.page_index}]"


def result_line(result: Result) -> str:
    """How many instances, of which classes."""
    counts = Counter(result.labels)
    found = ", ".join(f"{count} {label}" for label, count in counts.most_common())
    return f"{result_place(result)}: {len(result)} instances{f' ({found})' if found else ''}"


def result_table(result: Result) -> str:
    """A row for each instance; below it the picture's size and the time of each stage."""
    height, width = result.image_size
    timings = ", ".join(f"{k.removesuffix('_ms')} {v:.1f}" for k, v in result.timings.items())
    summary = f"{width} x {height} pixels, {len(result)} instances; ms: {timings}"
    if not len(result):
        return summary
    rows = [
        [
            str(instance.class_id),
            instance.label,
            f"{instance.score:.3f}",
            *(f"{edge:.1f}" for edge in instance.box.tolist()),
            str(instance.mask.area()),
        ]
        for instance in result
    ]
    header = ["class", "label", "score", "x1", "y1", "x2", "y2", "mask pixels"]
    return f"{text_table(header, rows)}\n{summary}"
