"""The tutorial, command by command: from COCO's and from LabelMe's form to a predicted picture.

Commands run as users run them, in processes of their own; the model is a small variant, the data
set a few small drawn pictures.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from instseg_train.dataset import SceneOptions, write_demo_dataset

ROOT = Path(__file__).resolve().parents[2]
# What the tutorial of PaddleX writes.
CONFIG = "paddlex/configs/instance_segmentation/PP-YOLOE_seg-S.yaml"
COMMAND = Path(sys.executable).with_name("instseg")
SIDE = 64
TINY = (
    "Train.num_classes=2",
    "Train.epochs_iters=2",
    "Train.batch_size=4",
    "Train.pretrain_weight_path=None",
    "Train.warmup_steps=1",
    "Train.log_interval=1",
    "Train.scale.width=0.09",
    "Train.scale.depth=0.34",
    f"Train.input_size=[{SIDE}, {SIDE}]",
)


@pytest.fixture(scope="module")
def coco(tmp_path_factory):
    scene = SceneOptions(height=SIDE, width=SIDE, objects=(2, 4), radius=(0.15, 0.3))
    folder = tmp_path_factory.mktemp("data") / "coins"
    return write_demo_dataset(folder, train_images=12, val_images=4, options=scene)


@pytest.fixture(scope="module")
def labelme(coco, tmp_path_factory):
    """The same pictures as LabelMe annotates them: a JSON file each, polygons."""
    folder = tmp_path_factory.mktemp("data") / "labelme"
    (folder / "images").mkdir(parents=True)
    (folder / "annotations").mkdir()
    content = json.loads((coco / "annotations" / "instance_train.json").read_text())
    names = {c["id"]: c["name"] for c in content["categories"]}
    lines = []
    for image in content["images"]:
        name = Path(image["file_name"])
        (folder / "images" / name).write_bytes((coco / "images" / name).read_bytes())
        shapes = [
            {
                "label": names[a["category_id"]],
                "points": _hexagon(a),
                "shape_type": "polygon",
                "group_id": None,
                "flags": {},
            }
            for a in content["annotations"]
            if a["image_id"] == image["id"]
        ]
        labels = {
            "version": "5.4.1",
            "flags": {},
            "shapes": shapes,
            "imagePath": f"..\\images\\{name}",
            "imageData": None,
            "imageHeight": image["height"],
            "imageWidth": image["width"],
        }
        (folder / "annotations" / name.with_suffix(".json")).write_text(json.dumps(labels))
        lines.append(f"annotations/{name.with_suffix('.json')}\n")
    (folder / "train_anno_list.txt").write_text("".join(lines))
    return folder


def _hexagon(annotation):
    x, y, w, h = annotation["bbox"]
    angles = np.arange(6) * np.pi / 3
    xs, ys = x + w / 2 * (1 + np.cos(angles)), y + h / 2 * (1 + np.sin(angles))
    return np.stack([xs, ys], axis=1).tolist()


def run(*command: object, folder: Path) -> str:
    """Runs a command; fails with what it said unless its exit code is 0."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "INSTSEG_CACHE_DIR": str(folder / "cache")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def read(file: Path):
    return json.loads(file.read_text(encoding="utf-8"))


def test_in_paddlexs_form_from_coco(coco, tmp_path):
    def main(mode: str, *overrides: str) -> str:
        options = [part for text in (f"Global.mode={mode}", *overrides) for part in ("-o", text)]
        return run(sys.executable, ROOT / "main.py", "-c", CONFIG, *options, folder=tmp_path)

    data = f"Global.dataset_dir={coco}"
    output = tmp_path / "output"

    said = main("check_dataset", data)
    assert "Check dataset passed !" in said
    result = read(output / "check_dataset_result.json")
    assert result["done_flag"] is True
    assert result["check_pass"] is True
    assert result["attributes"]["num_classes"] == 2
    assert (result["attributes"]["train_samples"], result["attributes"]["val_samples"]) == (12, 4)
    for part in ("train", "val"):
        for path in result["attributes"][f"{part}_sample_paths"]:
            assert (output / path).is_file()
    assert (output / result["analysis"]["histogram"]).is_file()
    assert result["dataset_type"] == "COCOInstSegDataset"
    assert result["show_type"] == "image"

    main("train", data, *TINY)
    trained = read(output / "train_result.json")
    assert trained["done_flag"] is True
    best = trained["models"]["best"]
    for key in ("pdparams", "pdopt", "pdstates", "pdema", "inference_config", "pdiparams"):
        assert (output / best[key]).is_file(), key
    for file in ("train.log", "config.yaml", "train_results.json", "curves.png"):
        assert (output / file).is_file()

    main("evaluate", data, "Evaluate.weight_path=output/best_model/best_model.pdparams")
    evaluated = read(output / "evaluate_result.json")
    assert evaluated["done_flag"] is True
    assert evaluated["metrics"]["AP"] == pytest.approx(best["score"], abs=1e-9)

    exported = tmp_path / "exported"
    weights = f"Export.weight_path={output / 'best_model' / 'best_model.pdparams'}"
    main("export", weights, f"Global.output={exported}")
    for file in ("inference.yml", "inference.json", "inference.pdiparams"):
        assert (exported / file).is_file()
    assert read(exported / "export_result.json")["done_flag"] is True

    picture = coco / "images" / "val_00000.jpg"
    main(
        "predict",
        "Predict.model_dir=output/best_model/inference",
        f"Predict.input={picture}",
        "Predict.threshold=0.0",
    )
    assert read(output / "predict_result.json")["done_flag"] is True
    (shown,) = output.glob("*val_00000*.jpg")
    with Image.open(shown) as drawn:
        assert drawn.size == (SIDE, SIDE)
    (found,) = output.glob("*val_00000*.json")
    assert "instances" in read(found)


def test_in_commands_from_labelme(labelme, tmp_path):
    before = {f.name: f.read_bytes() for f in (labelme / "annotations").iterdir()}
    run(COMMAND, "convert", labelme, folder=tmp_path)
    run(COMMAND, "split", labelme, "--train", 75, folder=tmp_path)
    assert {n: (labelme / "annotations" / n).read_bytes() for n in before} == before
    parts = [read(labelme / "annotations" / f"instance_{s}.json") for s in ("train", "val")]
    assert [len(part["images"]) for part in parts] == [9, 3]
    for part in parts:
        assert {category["name"] for category in part["categories"]} == {"coin", "cell"}
        for annotation in part["annotations"]:
            rle = coco_mask.merge(coco_mask.frPyObjects(annotation["segmentation"], SIDE, SIDE))
            assert coco_mask.area(rle) == pytest.approx(annotation["area"], rel=0.15)

    said = run(COMMAND, "check-dataset", labelme, "--output", "output", folder=tmp_path)
    assert "Check dataset passed !" in said

    overrides = [part for text in TINY for part in ("-o", text)]
    train = ("train", "-c", "PP-YOLOE_seg-S", "--dataset", labelme, "--output", "output")
    run(COMMAND, *train, *overrides, folder=tmp_path)
    weights = "output/best_model/best_model.pdparams"
    table = run(
        COMMAND, "evaluate", weights, "--dataset", labelme, "--output", "output", folder=tmp_path
    )
    assert "AP50" in table
    run(COMMAND, "export", weights, "--output", "exported", folder=tmp_path)
    picture = labelme / "images" / "train_00000.jpg"
    run(COMMAND, "predict", "exported", picture, "--output", "shown", folder=tmp_path)
    assert list((tmp_path / "shown").glob("train_00000*.jpg"))
