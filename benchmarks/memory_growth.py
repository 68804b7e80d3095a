"""How much memory a Predictor gains over thousands of predictions of changing sizes.

    python benchmarks/memory_growth.py SOLOv2_infer/ MaskRCNN-ResNet50-FPN_infer/

After the largest image of each orientation, the process's resident memory is read; then again
after every pass over the sizes. Networks of open shapes run at a smaller size than the model's own
(--side, --longest), so that thousands of predictions end in minutes; what a library keeps per shape
does not depend on that.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
from pathlib import Path

import numpy as np
from harness.summary import summarize
from tqdm import tqdm

import instseg
from instseg.importer import import_model


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", type=Path, help="official or network folders")
    parser.add_argument("--predictions", type=int, default=2000, help="default: %(default)s")
    parser.add_argument("--sizes", type=int, default=50, help="default: %(default)s")
    parser.add_argument("--side", type=int, default=160, help="shorter side; default: %(default)s")
    parser.add_argument("--longest", type=int, default=320, help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--threshold", type=float, default=0.3, help="default: %(default)s")
    return parser.parse_args()


def resident_mib() -> float:
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024


def smaller_folder(model: Path, folder: Path, side: int, longest: int) -> Path:
    """The model's network folder, resized to less where its networks take any size."""
    if (model / "instseg.json").is_file():
        shutil.copytree(model, folder)
    else:
        import_model(model, folder)
    manifest = folder / "instseg.json"
    description = json.loads(manifest.read_text(encoding="utf-8"))
    resize = description["preprocess"]["resize"]
    if resize["keep_ratio"]:
        resize["height"], resize["width"] = side, longest
        manifest.write_text(json.dumps(description), encoding="utf-8")
    return folder


def measure(model: Path, options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = smaller_folder(model, Path(scratch) / "network", options.side, options.longest)
        predictor = instseg.Predictor(folder, num_threads=options.threads, cache_dir=scratch)
        choose = random.Random(1)
        sizes = [(choose.randint(100, 600), choose.randint(100, 600)) for _ in range(options.sizes)]
        noise = np.random.default_rng(0)
        images = [noise.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]
        for size in ((600, 1200), (1200, 600), (600, 600)):
            predictor.predict(np.zeros((*size, 3), np.uint8), threshold=options.threshold)
        for image in images[:2]:
            predictor.predict(image, threshold=options.threshold)
        warm = resident_mib()
        later, instances = [], []
        progress = tqdm(range(options.predictions), desc=predictor.info()["model_name"])
        for number in progress:
            result = predictor.predict(images[number % len(images)], threshold=options.threshold)
            instances.append(len(result))
            if (number + 1) % len(images) == 0 or number + 1 == options.predictions:
                later.append(resident_mib())
                progress.set_postfix_str(f"{later[-1] - warm:+.1f} MiB")
        found = summarize([float(count) for count in instances])
        print(
            f"{predictor.info()['model_name']}: {options.predictions} predictions of "
            f"{len(set(sizes))} sizes, {found['median']:.0f} instances each; resident "
            f"{warm:.1f} MiB warm, {later[0]:.1f} after the first pass, {max(later):.1f} at most, "
            f"{later[-1]:.1f} at the end: growth {later[-1] - warm:+.1f} MiB"
        )


def main() -> None:
    options = parse_arguments()
    for model in options.models:
        measure(model, options)


if __name__ == "__main__":
    main()
