"""From images to average precision, against Paddle's own full-size masks and pycocotools.

`paddle_average_precision.py` shares nothing with the SDK and the training package.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from mixed_dataset import write_mixed_dataset

from instseg_train.evaluate import evaluate_folder

HERE = Path(__file__).resolve().parent
FAMILIES = ["cascade_mask_rcnn", "mask_rcnn", "mask_rtdetr", "ppyoloe_seg", "solov2"]
# Masks of 0 to a few pixels' difference, and scores in another order where they agree to 1e-6.
TOLERANCE = 1e-3


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mixed_dataset(tmp_path_factory.mktemp("data") / "mixed")


def independent_figures(folder: Path, dataset: Path) -> dict[str, list[float]]:
    """Kind -> COCO's twelve figures, -1 where there is nothing to measure."""
    script = HERE / "paddle_average_precision.py"
    command = [sys.executable, "-W", "ignore", str(script), str(folder), str(dataset)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return figures


def test_the_data_set_is_hard(dataset: Path) -> None:
    content = json.loads((dataset / "annotations" / "instance_val.json").read_text())
    annotated = {entry["image_id"] for entry in content["annotations"]}
    assert len(content["images"]) - len(annotated) >= 2
    assert sum(entry["iscrowd"] for entry in content["annotations"]) >= 4
    assert [(c["id"], c["name"]) for c in content["categories"]] == [(40, "coin"), (7, "cell")]
    kinds = {type(entry["segmentation"]) for entry in content["annotations"]}
    assert kinds == {list, dict}


@pytest.mark.parametrize("family", FAMILIES)
def test_equals_paddle_and_pycocotools(family: str, dataset: Path) -> None:
    pytest.importorskip("paddle.inference", reason="paddlepaddle is not installed (extra paddle)")
    expected = independent_figures(HERE / "trained" / family, dataset)
    evaluation = evaluate_folder(HERE / "trained" / family, dataset)
    assert not evaluation.failed
    assert expected["segm"][0] > 0.3  # something to be wrong about
    for kind in ("bbox", "segm"):
        figures = [-1.0 if math.isnan(v) else v for v in evaluation[kind].metrics.values()]
        assert figures == pytest.approx(expected[kind], abs=TOLERANCE), kind
