"""PaddleX's own `create_model` runs what the training package exports.

INSTSEG_PADDLEX_PYTHON names the Python of an environment with `paddlex[cv]` and `paddlepaddle`;
`make bench` makes one in build/bench/paddlex.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

TRAINED = Path(__file__).resolve().parent / "trained"
DEFAULT_PYTHON = TRAINED.parents[2] / "build" / "bench" / "paddlex" / "bin" / "python"
MODELS = {
    "cascade_mask_rcnn": "Cascade-MaskRCNN-ResNet50-FPN",
    "mask_rcnn": "MaskRCNN-ResNet50-FPN",
    "mask_rtdetr": "Mask-RT-DETR-S",
    "ppyoloe_seg": "PP-YOLOE_seg-S",
    "solov2": "SOLOv2",
}
THRESHOLD = 0.1
SCRIPT = """
import json, sys
from paddlex import create_model

name, folder, threshold, *pictures = sys.argv[1:]
model = create_model(name, model_dir=folder)
found = {}
for result in model.predict(pictures, batch_size=1, threshold=float(threshold)):
    # SOLOv2's rows say class_id, all others cls_id.
    ids = [row["cls_id"] if "cls_id" in row else row["class_id"] for row in result["boxes"]]
    rows = [(int(id), float(row["score"])) for id, row in zip(ids, result["boxes"])]
    found[str(result["input_path"])] = rows
print(json.dumps(found))
"""


@pytest.mark.parity
@pytest.mark.parametrize("family", MODELS)
def test_paddlex_finds_what_paddle_finds(family: str) -> None:
    python = Path(os.environ.get("INSTSEG_PADDLEX_PYTHON", DEFAULT_PYTHON))
    if not python.is_file():
        pytest.skip(f"there is no {python}; name one with PaddleX in INSTSEG_PADDLEX_PYTHON")
    recorded: dict[str, list[dict[str, Any]]] = json.loads(
        (TRAINED / family / "detections.json").read_text()
    )
    pictures = [TRAINED / "pictures" / "images" / name for name in recorded]
    folder = TRAINED / family
    done = subprocess.run(
        [python, "-c", SCRIPT, MODELS[family], folder, str(THRESHOLD), *pictures],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    for picture in pictures:
        wanted = [
            (entry["category_id"], entry["score"])
            for entry in recorded[picture.name]
            if entry["score"] > THRESHOLD
        ]
        ours, theirs = (
            sorted(rows, key=lambda row: -row[1]) for rows in (wanted, found[str(picture)])
        )
        assert [row[0] for row in ours] == [row[0] for row in theirs], picture.name
        np.testing.assert_allclose(
            [row[1] for row in theirs], [row[1] for row in ours], atol=2e-3, err_msg=picture.name
        )
