"""Teaches the demo model of the package, on drawn pictures alone.

    python -m instseg_train.demo.recipe --output demo_model_run

A small variant of PP-YOLOE_seg-S (a quarter of the channels). Writes the data set, trains with
`instseg train`'s own code, evaluates the exported model through the SDK on the pictures held out,
and leaves it in `OUTPUT/model` with `model_card.json`: what it is and what it reached. No photo
takes part: the last epoch's averaged weights are the model.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path

from tqdm import tqdm

from instseg_train.config import Config, dump_config, read_config
from instseg_train.dataset.demo_dataset import write_demo_dataset
from instseg_train.dataset.synthetic_scene import SceneOptions
from instseg_train.evaluate import evaluate_folder
from instseg_train.trainer import train

MODEL = "PP-YOLOE_seg-S"
TRAIN_IMAGES, VAL_IMAGES, SIDE, SEED = 1600, 160, 320, 20
INPUT_SIDE = 352
SCENES = SceneOptions(
    height=SIDE,
    width=SIDE,
    objects=(4, 24),
    radius=(0.06, 0.16),
    alike=0.4,
    rows=0.35,
    worn=0.5,
    clutter=0.4,
    nuclei=0.15,
)
OVERRIDES = (
    "Train.num_classes=2",
    "Train.epochs_iters=12",
    "Train.eval_interval=3",
    "Train.batch_size=4",
    "Train.optimizer=adamw",
    "Train.learning_rate=0.004",
    # The first losses of masks are huge: unclipped, Adam would take small steps for long.
    "Train.clip_norm=5.0",
    "Train.warmup_steps=60",
    "Train.pretrain_weight_path=None",
    f"Train.input_size=[{INPUT_SIDE}, {INPUT_SIDE}]",
    "Train.scale.width=0.25",
    "Train.scale.depth=0.34",
    "Train.ema_decay=0.998",
    "Train.num_workers=1",
    "Global.device=cpu:2",
    "Train.log_interval=20",
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("demo_model_run"))
    options = parser.parse_args()
    data, run = options.output / "dataset", options.output / "run"
    if not data.is_dir():
        with tqdm(total=TRAIN_IMAGES + VAL_IMAGES, desc="pictures") as bar:
            write_demo_dataset(
                data,
                train_images=TRAIN_IMAGES,
                val_images=VAL_IMAGES,
                options=SCENES,
                seed=SEED,
                progress=bar.update,
            )
    config = configuration(data, run)
    start = time.monotonic()
    train(config)
    minutes = (time.monotonic() - start) / 60
    folder = options.output / "model"
    shutil.copytree(run / "model_final" / "inference", folder, dirs_exist_ok=True)
    scores = evaluate_folder(folder, data, split="val")
    card = {
        "model": MODEL,
        "recipe": "python -m instseg_train.demo.recipe",
        "training_pictures": TRAIN_IMAGES,
        "held_out_pictures": VAL_IMAGES,
        "mask_AP": round(scores["segm"].metrics["AP"], 4),
        "mask_AP50": round(scores["segm"].metrics["AP50"], 4),
        "box_AP": round(scores["bbox"].metrics["AP"], 4),
        "minutes": round(minutes, 1),
    }
    (folder / "model_card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    without_places = configuration(Path("dataset"), Path("run"))
    (folder / "training.yaml").write_text(dump_config(without_places), encoding="utf-8")
    print(json.dumps(card, indent=2))


def configuration(data: Path, output: Path) -> Config:
    places = (f"Global.dataset_dir={data}", f"Global.output={output}", "Global.mode=train")
    return read_config(MODEL, [*OVERRIDES, *places])


if __name__ == "__main__":
    main()
