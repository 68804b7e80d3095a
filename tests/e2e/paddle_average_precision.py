"""Average precision of an official folder by Paddle and pycocotools alone: no instseg in it.

    python tests/e2e/paddle_average_precision.py MODEL_FOLDER DATASET_DIR

Prints {"bbox": [12 figures], "segm": [12 figures]} as the last line. Every step is PaddleX's plain
one: OpenCV decodes and resizes as inference.yml says, the program runs whole, its full-size masks
are encoded. SOLOv2's program gives no boxes: those of the masks are taken.
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import yaml
from paddle import inference
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def prepared(image, steps):
    """BGR uint8 [H, W, 3] -> image [1, 3, h, w], im_shape [1, 2], scale_factor [1, 2]."""
    height, width = image.shape[:2]
    image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    resized_size = height, width
    for step in steps:
        if step["type"] == "Resize":
            h, w = step["target_size"]
            if step["keep_ratio"]:
                scale = min(max(h, w) / max(height, width), min(h, w) / min(height, width))
                h, w = round(height * scale), round(width * scale)
            if (h, w) != (height, width):
                image = cv2.resize(image, (w, h), interpolation=step["interp"])
            resized_size = h, w
        elif step["type"] == "NormalizeImage":
            image = image.astype(np.float32) / 255
            if step.get("norm_type", "mean_std") == "mean_std":
                image = (image - np.float32(step["mean"])) / np.float32(step["std"])
        elif step["type"] == "PadStride" and step["stride"] > 0:
            right, below = (-side % step["stride"] for side in (image.shape[1], image.shape[0]))
            image = cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_CONSTANT, value=0)
    return {
        "image": np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32),
        "im_shape": np.float32([resized_size]),
        "scale_factor": np.float32([[resized_size[0] / height, resized_size[1] / width]]),
    }


def run(predictor, inputs):
    for name in predictor.get_input_names():
        predictor.get_input_handle(name).copy_from_cpu(inputs[name])
    predictor.run()
    handles = [predictor.get_output_handle(name) for name in predictor.get_output_names()]
    return [handle.copy_to_cpu() for handle in handles]


def rows_of(outputs):
    """Classes, scores, boxes x1, y1, x2, y2 or None, masks [n, H, W]."""
    masks = next(array for array in outputs if array.ndim == 3)
    tables = [array for array in outputs if array.ndim == 2 and array.shape[1] == 6]
    if tables:
        return tables[0][:, 0], tables[0][:, 1], tables[0][:, 2:], masks
    scores = next(a for a in outputs if a.ndim == 1 and a.dtype == np.float32)
    classes = next(a for a in outputs if a.ndim == 1 and a.dtype == np.int64)
    return classes, scores, None, masks


def entries_of(outputs, image_id, height, width, category_ids):
    classes, scores, boxes, masks = rows_of(outputs)
    entries = []
    for row, (class_id, score) in enumerate(zip(classes, scores, strict=True)):
        if class_id < 0 or not score > 0:
            continue  # what the program adds where it found nothing
        full = np.zeros((height, width), np.uint8)  # PP-YOLOE_seg's masks may be a row short
        plane = masks[row][:height, :width] > 0
        full[: plane.shape[0], : plane.shape[1]] = plane
        encoded = coco_mask.encode(np.asfortranarray(full))
        x, y, w, h = coco_mask.toBbox(encoded).tolist()
        if boxes is not None:
            x1, y1, x2, y2 = np.clip(boxes[row], 0, [width, height, width, height]).tolist()
            x, y, w, h = x1, y1, x2 - x1, y2 - y1
        shared = {"image_id": image_id, "category_id": category_ids[int(class_id)]}
        shared["score"] = float(score)
        entries.append({**shared, "bbox": [x, y, w, h]})
        entries.append({**shared, "segmentation": encoded})
    return entries


def main():
    folder, dataset = Path(sys.argv[1]), Path(sys.argv[2])
    config = yaml.safe_load((folder / "inference.yml").read_text())
    truth = COCO(str(dataset / "annotations" / "instance_val.json"))
    by_name = {category["name"]: category["id"] for category in truth.cats.values()}
    category_ids = [by_name[name] for name in config["label_list"]]
    options = inference.Config(str(folder / "inference.json"), str(folder / "inference.pdiparams"))
    options.disable_gpu()
    options.disable_mkldnn()
    options.disable_glog_info()
    predictor = inference.create_predictor(options)
    found = []
    for image_id, image in truth.imgs.items():
        pixels = cv2.imread(str(dataset / "images" / image["file_name"]))
        height, width = pixels.shape[:2]
        outputs = run(predictor, prepared(pixels, config["Preprocess"]))
        found += entries_of(outputs, image_id, height, width, category_ids)
    figures = {}
    for kind, key in (("bbox", "bbox"), ("segm", "segmentation")):
        evaluation = COCOeval(truth, truth.loadRes([dict(e) for e in found if key in e]), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        figures[kind] = evaluation.stats.tolist()
    assert not any(name.partition(".")[0].startswith("instseg") for name in sys.modules)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
