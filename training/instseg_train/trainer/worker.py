"""What Paddle's launcher runs in each process: `python -m instseg_train.trainer.worker CONFIG`."""

import sys
from pathlib import Path

import yaml

from instseg.errors import InstsegError
from instseg_train.config import Config
from instseg_train.trainer.training import run


def main() -> int:
    content = yaml.safe_load(Path(sys.argv[1]).read_text(encoding="utf-8"))
    try:
        run(Config.model_validate(content))
    except InstsegError as error:
        print(f"instseg: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
