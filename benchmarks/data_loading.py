"""How many images a second data loading prepares for training, per family and number of workers.

    python benchmarks/data_loading.py [--dataset DIR] [--model NAME ...] [--step]

Each model at its official size, in batches of PaddleX's size, on a drawn data set (480 x 640,
some 7 objects an image as run lengths) unless `--dataset` names another. `--step` adds what a
training step of the model takes here, which is what loading must keep up with.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from harness.summary import Summary, summarize

from instseg_train.data import CocoDataset, TrainLoader
from instseg_train.data.sample import Batch
from instseg_train.dataset import SceneOptions, write_demo_dataset

BATCH_SIZES = {
    "PP-YOLOE_seg-S": 8,
    "Mask-RT-DETR-S": 2,
    "MaskRCNN-ResNet50-FPN": 2,
    "SOLOv2": 2,
}
WORKERS = (0, 1, 2)
IMAGES, EPOCHS, STEPS = 48, 5, 3


def images_per_second(dataset: CocoDataset, model: str, workers: int) -> Summary:
    """One value per epoch; the first, in which workers start, does not count."""
    rates = []
    with TrainLoader(
        dataset, model=model, batch_size=BATCH_SIZES[model], num_workers=workers
    ) as loader:
        for epoch in range(EPOCHS + 1):
            begin = time.perf_counter()
            images = sum(len(batch["image"]) for batch in loader.epoch(epoch))
            rates.append(images / (time.perf_counter() - begin))
    return summarize(rates[1:])


def step_rate(dataset: CocoDataset, model: str) -> Summary:
    """Images a second of forward and backward passes alone."""
    import paddle

    from instseg_train import build_model

    network = build_model(model, len(dataset.class_names))
    with TrainLoader(dataset, model=model, batch_size=BATCH_SIZES[model], num_workers=0) as loader:
        inputs = _tensors(next(loader.epoch(0)), paddle)
    rates = []
    for _ in range(STEPS + 1):
        begin = time.perf_counter()
        network(inputs)["loss"].backward()
        rates.append(len(inputs["image"]) / (time.perf_counter() - begin))
        network.clear_gradients()
    return summarize(rates[1:])


def _tensors(batch: Batch, paddle) -> dict:
    """Arrays as tensors, polygons as they are."""
    inputs = {}
    for key, value in batch.items():
        if key == "gt_poly":
            inputs[key] = value
        elif isinstance(value, list):
            inputs[key] = [paddle.to_tensor(item) for item in value]
        else:
            inputs[key] = paddle.to_tensor(value)
    return inputs


def _row(name: str, rate: Summary) -> str:
    return f"  {name:12} {rate['median']:7.1f}  ({rate['p10']:.1f} to {rate['p90']:.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", type=Path)
    parser.add_argument("--model", nargs="*", default=list(BATCH_SIZES), choices=BATCH_SIZES)
    parser.add_argument("--step", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = options.dataset or write_demo_dataset(
            Path(folder) / "demo",
            train_images=IMAGES,
            val_images=1,
            options=SceneOptions(height=480, width=640),
        )
        dataset = CocoDataset(root, "train")
        print("images/s: median (10th to 90th percentile)")
        for model in options.model:
            print(f"{model}, batches of {BATCH_SIZES[model]}")
            for workers in WORKERS:
                rate = images_per_second(dataset, model, workers)
                print(_row(f"{workers} workers", rate), flush=True)
            if options.step:
                print(_row("training", step_rate(dataset, model)), flush=True)


if __name__ == "__main__":
    main()
