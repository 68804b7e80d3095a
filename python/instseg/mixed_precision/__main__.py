"""python -m instseg.mixed_precision NETWORK_FOLDER: makes its mixed-precision files beforehand."""

from __future__ import annotations

import sys

from instseg.errors import InvalidArgument, ModelError

from .folder import ensure_mixed_precision


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        records = ensure_mixed_precision(arguments[0])
    except (InvalidArgument, ModelError) as error:
        print(error, file=sys.stderr)
        return 1
    for role, record in records.items():
        share = record["half_share"]
        work = "" if share is None else f", {share:.1%} of the work"
        print(f"{role}: {record['half_layers']} of {record['layers']} layers in half{work}")
        for part, count in record["parts"].items():
            print(f"  FP32: {count:4} {part}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
