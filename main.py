"""Runs a configuration, as in PaddleX: python main.py -c Mask-RT-DETR-L -o Global.mode=train ..."""

import argparse
import sys
from collections.abc import Sequence

EXAMPLES = """\
examples:
  python main.py -c Mask-RT-DETR-L -o Global.mode=check_dataset -o Global.dataset_dir=coins
  python main.py -c Mask-RT-DETR-L -o Global.mode=train Global.dataset_dir=coins Global.device=gpu:0
  python main.py -c Mask-RT-DETR-L -o Global.mode=predict Predict.input=street.jpg
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, 1 where the run fails, 2 for a wrong configuration."""
    parser = argparse.ArgumentParser(
        description="Checks data sets, trains, evaluates, exports and predicts: Global.mode says "
        "which. The keys: docs/tutorial.md, and `instseg config show NAME`.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "-c",
        "--config",
        required=True,
        metavar="NAME|FILE",
        help="official name, YAML file, or the path of one in PaddleX",
    )
    parser.add_argument(
        "-o",
        "--override",
        nargs="+",
        action="extend",
        default=[],
        metavar="Section.key=value",
        help="replaces a key; may be given several times, or with several",
    )
    given = parser.parse_args(arguments)
    try:
        from instseg.errors import InstsegError
        from instseg.optional_package import require
    except ImportError as error:
        print(f"{error}. Install it with: pip install 'instseg[train]'", file=sys.stderr)
        return 1
    try:
        require("pydantic", extra="train", purpose="main.py")
        from instseg_train.config import read_config

        config = read_config(given.config, given.override)
    except (InstsegError, OSError) as error:
        print(f"instseg: {error}", file=sys.stderr)
        return 1 if isinstance(error, ImportError) else 2
    from instseg_train.workflow import run

    return run(config)


if __name__ == "__main__":
    sys.exit(main())
