"""Runs the SDK's reference engine on arrays; a process of its own, with Paddle's packages at hand.

    python reference_worker.py JOB.json

JOB.json: {"packages": site-packages of an environment with Paddle, "folder": official folder,
           "threshold": number, "image": path.npy, "result": path.npz}
image: uint8 [H, W, 3] BGR. result: engine, scores, class_ids, boxes, masks (bool [n, H, W]), and
the masks that are not clipped to the box as whole_masks.
"""

import json
import sys
from pathlib import Path

import numpy as np

import instseg


def main(job):
    # Behind everything that is here already: only Paddle and what is missing come from there.
    sys.path.append(job["packages"])
    predictor = instseg.Predictor(job["folder"], engine="paddle", num_threads=2)
    image = np.load(job["image"])
    result = predictor.predict(image, threshold=job["threshold"])
    whole = predictor.predict(image, threshold=job["threshold"], clip_masks=False)
    np.savez_compressed(
        job["result"],
        engine=predictor.info()["engine"],
        scores=result.scores,
        class_ids=result.class_ids,
        boxes=result.boxes,
        masks=result.masks.bitmaps(),
        whole_masks=whole.masks.bitmaps(),
    )


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
