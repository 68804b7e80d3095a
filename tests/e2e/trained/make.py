"""Teaches a small variant of each family eight drawn pictures, and exports it.

    python tests/e2e/trained/make.py [FAMILY ...] [--output DIR]

The folders beside this file were made so: `pictures`, a data set in COCO's layout; of each family
an official model folder, with `detections.json`, what Paddle finds in the pictures.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import paddle
from PIL import Image
from pycocotools import mask as coco_mask
from tqdm import tqdm

import instseg
from instseg_train import build_model, export_model
from instseg_train.dataset.demo_dataset import write_demo_dataset
from instseg_train.dataset.synthetic_scene import CLASSES, SceneOptions
from instseg_train.evaluate import evaluate_folder
from instseg_train.export.inference_config import FAMILY_CONFIGS
from instseg_train.models.mask_rtdetr.criterion import Criterion
from instseg_train.models.mask_rtdetr.denoising import DenoisingSettings
from instseg_train.models.segmenter import Segmenter

HERE = Path(__file__).resolve().parent
PICTURES, SIDE, SEED = 8, 192, 3
SCENE = SceneOptions(height=SIDE, width=SIDE, objects=(2, 5), radius=(0.12, 0.22))
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
RECORDED_ABOVE = 0.1
BATCH = 4


@dataclass(frozen=True)
class Recipe:
    """How one family is taught: the model's scale; AdamW's steps and peak learning rate, batches of
    BATCH pictures; `side` that they are resized to."""

    model: str
    scale: dict[str, float]
    steps: int
    learning_rate: float
    side: int = SIDE


RECIPES: dict[str, Recipe] = {
    # Its mask targets are the upper left pixels of cells of 4 x 4: larger pictures lose less.
    "ppyoloe_seg": Recipe("PP-YOLOE_seg-S", {"width": 0.09, "depth": 0.34}, 600, 4e-3, side=288),
    "solov2": Recipe("SOLOv2", {"width": 0.0625, "depth": 0.2}, 500, 3e-3),
    "mask_rtdetr": Recipe("Mask-RT-DETR-S", {"width": 0.1, "depth": 0.34}, 600, 2e-3),
    "mask_rcnn": Recipe("MaskRCNN-ResNet50-FPN", {"width": 0.0625, "depth": 0.2}, 500, 3e-3),
    "cascade_mask_rcnn": Recipe(
        "Cascade-MaskRCNN-ResNet50-FPN", {"width": 0.045, "depth": 0.2}, 500, 3e-3
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("families", nargs="*", default=list(RECIPES), metavar="FAMILY")
    parser.add_argument("--output", type=Path, default=HERE)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    data = write_demo_dataset(
        options.output / "pictures",
        train_images=PICTURES,
        val_images=1,
        options=SCENE,
        seed=SEED,
        overwrite=True,
    )
    for family in options.families:
        folder = options.output / family
        start, cpu_start = time.monotonic(), time.process_time()
        recipe = RECIPES[family]
        model = teach(recipe, family, [resized(item, recipe.side) for item in read(data)])
        seconds, cpu_seconds = time.monotonic() - start, time.process_time() - cpu_start
        report = export_model(
            model,
            folder,
            class_names=CLASSES,
            input_size=(recipe.side, recipe.side),
            overwrite=True,
            image=data / "images" / "train_00000.jpg",
        )
        record(folder, data)
        scores = evaluate_folder(folder, data, split="train")
        size = sum(file.stat().st_size for file in folder.iterdir())
        print(
            f"{family}: {seconds:.0f} s ({cpu_seconds:.0f} s of CPU), {size / 1e6:.2f} MB, "
            f"box AP {scores['bbox'].metrics['AP']:.3f}, "
            f"mask AP {scores['segm'].metrics['AP']:.3f}; {report}",
            flush=True,
        )


def read(data: Path) -> list[dict[str, Any]]:
    """Of each training picture: `pixels` uint8 [H, W, 3] RGB, `masks` uint8 [n, H, W], `boxes`
    float32 [n, 4], `classes` int64 [n]."""
    content = json.loads((data / "annotations" / "instance_train.json").read_text())
    items = []
    for image in content["images"]:
        own = [a for a in content["annotations"] if a["image_id"] == image["id"]]
        x, y, w, h = np.array([a["bbox"] for a in own], np.float32).T
        items.append(
            {
                "pixels": np.asarray(Image.open(data / "images" / image["file_name"])),
                "masks": np.stack([coco_mask.decode(a["segmentation"]) for a in own]),
                "boxes": np.stack([x, y, x + w, y + h], axis=1),
                "classes": np.array([a["category_id"] - 1 for a in own], np.int64),
            }
        )
    return items


def resized(item: dict[str, Any], side: int) -> dict[str, Any]:
    """As the network sees it: pixels as the SDK resizes them."""
    if side == SIDE:
        return item
    masks = [cv2.resize(mask, (side, side)) for mask in item["masks"] * 255]
    return {
        "pixels": cv2.resize(item["pixels"], (side, side), interpolation=cv2.INTER_CUBIC),
        "masks": (np.stack(masks) > 127).astype(np.uint8),
        "boxes": item["boxes"] * np.float32(side / SIDE),
        "classes": item["classes"],
    }


def batch(items: list[dict[str, Any]], family: str) -> dict[str, Any]:
    """Inputs of a training step, normalised as the family's `inference.yml` says."""
    pixels = np.stack([item["pixels"] for item in items]).astype(np.float32) / 255
    if FAMILY_CONFIGS[family].normalise.get("norm_type") != "none":
        pixels = (pixels - np.float32(IMAGENET_MEAN)) / np.float32(IMAGENET_STD)
    count, (height, width) = len(items), pixels.shape[1:3]
    return {
        "image": paddle.to_tensor(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))),
        "im_shape": paddle.to_tensor([[float(height), float(width)]] * count),
        "scale_factor": paddle.ones([count, 2]),
        "gt_bbox": [paddle.to_tensor(item["boxes"]) for item in items],
        "gt_class": [paddle.to_tensor(item["classes"]) for item in items],
        "gt_segm": [paddle.to_tensor(item["masks"]) for item in items],
        "is_crowd": [paddle.zeros([len(item["classes"])], "int32") for item in items],
    }


def teach(recipe: Recipe, family: str, items: list[dict[str, Any]]) -> Segmenter:
    paddle.seed(SEED)
    random = np.random.default_rng(SEED)
    model = build_model(recipe.model, len(CLASSES), from_scratch=True, **recipe.scale)
    if family == "mask_rtdetr":  # small masks need few points, few objects few queries
        model.criterion, model.denoising = Criterion(points=768), DenoisingSettings(queries=20)
    fall = paddle.optimizer.lr.CosineAnnealingDecay(
        recipe.learning_rate, recipe.steps, eta_min=recipe.learning_rate * 0.01
    )
    rate = paddle.optimizer.lr.LinearWarmup(fall, 30, 0.0, recipe.learning_rate)
    optimizer = paddle.optimizer.AdamW(
        rate,
        parameters=[p for p in model.parameters() if not p.stop_gradient],
        weight_decay=1e-4,
        grad_clip=paddle.nn.ClipGradByGlobalNorm(5.0),
    )
    with tqdm(range(recipe.steps), desc=recipe.model, mininterval=5) as bar:
        for step in bar:
            chosen = random.choice(len(items), BATCH, replace=False)
            losses = model(batch([items[i] for i in chosen], family))
            losses["loss"].backward()
            optimizer.step()
            optimizer.clear_grad()
            rate.step()
            if step % 20 == 0:
                bar.set_postfix({name: f"{float(value):.3f}" for name, value in losses.items()})
    return model


def record(folder: Path, data: Path) -> None:
    """Writes what Paddle finds: file name -> COCO's result entries, categories from 1."""
    predictor = instseg.Predictor(folder, engine="paddle")
    found = {
        file.name: predictor.predict(
            file, threshold=RECORDED_ABOVE, max_detections=100, clip_masks=False
        ).to_coco(0)
        for file in sorted((data / "images").glob("train_*.jpg"))
    }
    (folder / "detections.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
