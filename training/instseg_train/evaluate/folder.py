"""Evaluates a model folder on a data set, through the SDK."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path

import instseg
from instseg import Result
from instseg.errors import ImageError, InvalidArgument
from instseg.sources import SourceItem
from instseg_train.evaluate.coco_metrics import KINDS, CocoMetrics
from instseg_train.evaluate.evaluation import Evaluation, FailedImage, RunFacts

# Average precision looks at all detections, however unsure: those with a score above this.
SCORE_THRESHOLD = 0.0
# Images side by side on a processor: one after the other leaves cores idle between the stages.
MOST_STREAMS = 4


def evaluate_folder(
    model: str | os.PathLike[str],
    dataset_dir: str | os.PathLike[str],
    *,
    split: str = "val",
    engine: str = "auto",
    device: str = "cpu",
    precision: str = "fp32",
    num_threads: int | None = None,
    num_streams: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> Evaluation:
    """COCO's metrics of an official or network folder (or an official name) on `dataset_dir`.

    dataset_dir  holds `images/` and `annotations/instance_SPLIT.json`
    engine       and device, precision, num_threads: as of `instseg.Predictor`
    num_streams  images predicted side by side; default: up to four on a processor, one elsewhere.
                 Results do not depend on it
    progress     called with 1 for each image

    Classes are matched by name (`match_classes`). Every detection counts, with its mask as the SDK
    draws it, not clipped to the box. An image that fails is listed in `failed`; the others count.

    Raises InvalidArgument: no such data set, annotations that cannot be evaluated, other classes;
    ImageError: every image failed; and what `instseg.Predictor` raises.
    """
    root = Path(dataset_dir)
    annotation_file = root / "annotations" / f"instance_{split}.json"
    metrics = CocoMetrics(annotation_file)  # a fault of the data set is told before loading a model
    if not (root / "images").is_dir():
        raise InvalidArgument(f"{root} has no folder images; the images of a data set lie in it")
    predictor = instseg.Predictor(
        model,
        engine=engine,
        device=device,
        precision=precision,
        num_threads=num_threads,
        num_streams=_streams(device, num_threads) if num_streams is None else num_streams,
    )
    metrics.match_model(predictor.class_names)
    predictor.warm_up()
    failed: list[FailedImage] = []
    start = time.perf_counter()
    with closing(_results(predictor, metrics, root / "images")) as results:
        for image_id, result in results:
            try:
                metrics.add(image_id, result)
            except InvalidArgument as error:
                reason = str(result.error or error)
                failed.append(FailedImage(image_id, metrics.images[image_id], reason))
            if progress is not None:
                progress(1)
    seconds = time.perf_counter() - start
    if not metrics.seen:
        raise ImageError(
            f"all {len(failed)} images of {annotation_file} failed; the first, "
            f"{failed[0].file_name}: {failed[0].error}"
        )
    info = predictor.info()
    return Evaluation(
        scores={kind: metrics.scores(kind) for kind in KINDS},
        run=RunFacts(
            model_name=info["model_name"],
            model_folder=os.fspath(model),
            engine=info["engine"],
            device=info["device"],
            precision=info["precision"],
            num_threads=info["num_threads"],
            num_streams=info["num_streams"],
            seconds_per_image=seconds / len(metrics.images),
        ),
        truth=metrics.truth,
        detections=metrics.detections,
        image_ids=tuple(metrics.seen),
        failed=tuple(failed),
        left_out=metrics.match.left_out,
        images_folder=root / "images",
        class_labels=dict(zip(metrics.category_ids, metrics.class_names, strict=True)),
    )


def _streams(device: str, num_threads: int | None) -> int:
    if device.partition(":")[0] != "cpu":
        return 1
    return min(MOST_STREAMS, num_threads or len(os.sched_getaffinity(0)))


def _results(
    predictor: instseg.Predictor, metrics: CocoMetrics, folder: Path
) -> Generator[tuple[int, Result], None, None]:
    """Image ids with their results; of a file of several pages, the first one counts."""
    paths = {image_id: str(folder / name) for image_id, name in metrics.images.items()}
    stream = predictor.stream(
        (SourceItem(path, path, Path(path).stem) for path in paths.values()),
        batch_size=predictor.info()["num_streams"],
        threshold=SCORE_THRESHOLD,
        clip_masks=False,
    )
    image_ids = iter(paths)
    with closing(stream):
        for result in stream:
            if not result.page_index:  # None, or the first page
                yield next(image_ids), result
