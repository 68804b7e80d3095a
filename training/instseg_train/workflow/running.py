"""Runs a configuration: from its mode to the function, and to the file that says how it ended."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from instseg.errors import InstsegError
from instseg_train.config import Config
from instseg_train.workflow.dataset import prepare_dataset
from instseg_train.workflow.evaluation import evaluate
from instseg_train.workflow.export import export
from instseg_train.workflow.prediction import predict
from instseg_train.workflow.result_file import write_failure, write_result
from instseg_train.workflow.training import train

# What each gives is the content of its result file (done_flag False in it: the run failed); None:
# it wrote the file itself.
MODES: dict[str, Callable[[Config], Mapping[str, Any] | None]] = {
    "check_dataset": prepare_dataset,
    "train": train,
    "evaluate": evaluate,
    "export": export,
    "predict": predict,
}


def run(config: Config) -> int:
    """Runs the mode `Global.mode`; the exit code: 0, 1 for a failure, 130 for Ctrl-C.

    Writes MODE_result.json into `Global.output` either way. Errors go to stderr, with a traceback
    only where they are none of this project's own.
    """
    mode, output = config.general.mode, Path(config.general.output).expanduser()
    if output.exists() and not output.is_dir():
        told = f"Global.output {output} cannot be written to: it is a file; give a folder"
        print(f"instseg: {told}", file=sys.stderr)
        return 1
    try:
        content = MODES[mode](config)
        if content is None:
            return 0
        write_result(output, mode, content)
        return 0 if content.get("done_flag", True) else 1
    except KeyboardInterrupt as error:
        with suppress(OSError):
            write_failure(output, mode, error)
        print("instseg: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        if not isinstance(error, InstsegError | OSError):
            traceback.print_exc()
        print(f"instseg: {mode}: {error}", file=sys.stderr)
        try:
            write_failure(output, mode, error)
        except OSError as second:
            print(f"instseg: {output} cannot be written to: {second}", file=sys.stderr)
        return 1
