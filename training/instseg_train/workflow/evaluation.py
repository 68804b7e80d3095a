"""Mode evaluate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from instseg.cli.progress_bar import item_bar
from instseg.optional_package import require
from instseg_train.config import Config, parse_devices


def evaluate(config: Config) -> dict[str, Any]:
    """`metrics` {"AP": of masks}, and all else that was measured; curves and the worst pictures go
    into `OUTPUT/evaluate/`.

    Evaluate.weight_path: an exported folder, or a checkpoint, which is exported for the purpose.
    Raises InvalidArgument: nothing there; and what `instseg_train.evaluate.evaluate` raises.
    """
    require("pycocotools", extra="train", purpose="evaluation")
    from instseg_train.evaluate import evaluate as measure
    from instseg_train.evaluate import write_evaluation

    given = config.evaluate.weight_path
    if Path(given).expanduser().is_dir():
        where, architecture = Path(given).expanduser(), {}
    else:
        require("paddle", extra="train", purpose="the evaluation of a checkpoint")
        from instseg_train.workflow.weights import local_weights

        weights = local_weights(given, key="Evaluate.weight_path", output=config.general.output)
        where = weights.file
        architecture = {} if weights.has_card else _architecture(config)
    devices = parse_devices(config.general.device)
    with item_bar(_val_images(config.general.dataset_dir)) as bar:
        evaluation = measure(
            where,
            config.general.dataset_dir,
            engine=devices.engine(config.evaluate.engine),
            device=devices.first,
            precision=config.evaluate.precision,
            progress=bar.update,
            **architecture,
        )
    print(evaluation.table())
    output = Path(config.general.output).expanduser()
    files = write_evaluation(output / "evaluate", evaluation)
    return {**evaluation.to_dict(), "files": [str(file.relative_to(output)) for file in files]}


def _architecture(config: Config) -> dict[str, Any]:
    """Of weights that do not say it themselves."""
    return {
        "model": config.general.model,
        "input_size": config.export.input_size,
        "scale": config.train.scale.model_dump(),
    }


def _val_images(dataset_dir: str) -> int:
    """For the bar alone: 0, which hides it, where this cannot be told."""
    file = Path(dataset_dir) / "annotations" / "instance_val.json"
    try:
        return len(json.loads(file.read_bytes())["images"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return 0
