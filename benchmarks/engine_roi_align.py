"""OpenVINO's own RoiAlign on as many boxes as `rcnn_bench` gives ours: 1000 over four levels.

    python benchmarks/engine_roi_align.py && build/wheel/benchmarks/cpp/rcnn_bench

One thread, FP32, 7 x 7 of 256 channels, an image of 800 x 1344, sides from 16 to 776 pixels.
"""

from __future__ import annotations

import time
from io import BytesIO

import numpy as np
import openvino as ov
from harness.summary import summarize
from onnx import TensorProto, helper

HEIGHT, WIDTH, BOXES, CHANNELS, SIDE = 800, 1344, 1000, 256, 7
STRIDES = (4, 8, 16, 32)
RUNS = 10


def random_boxes(random: np.random.Generator) -> np.ndarray:
    """float32 [BOXES, 4]: x1, y1, x2, y2."""
    size = 16 * 2 ** (5.6 * random.random(BOXES))
    ratio = 2 ** (random.random(BOXES) - 0.5)
    x, y = random.random(BOXES) * WIDTH, random.random(BOXES) * HEIGHT
    low = [np.maximum(x - size * ratio / 2, 0), np.maximum(y - size / ratio / 2, 0)]
    high = [np.minimum(x + size * ratio / 2, WIDTH), np.minimum(y + size / ratio / 2, HEIGHT)]
    return np.stack([*low, *high], 1).astype(np.float32)


def main() -> None:
    random = np.random.default_rng(0)
    boxes = random_boxes(random)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    level = np.clip(np.floor(4 + np.log2(np.sqrt(area) / 224 + 1e-6)), 2, 5).astype(int) - 2
    nodes, inputs, feeds, pooled = [], [], {}, []
    for i, stride in enumerate(STRIDES):
        chosen = boxes[level == i]
        arrays = {
            f"map{i}": random.standard_normal(
                (1, CHANNELS, HEIGHT // stride, WIDTH // stride), np.float32
            ),
            f"boxes{i}": chosen,
            f"images{i}": np.zeros(len(chosen), np.int64),
        }
        for name, array in arrays.items():
            kind = TensorProto.INT64 if array.dtype == np.int64 else TensorProto.FLOAT
            inputs.append(helper.make_tensor_value_info(name, kind, array.shape))
        pooled.append(f"pooled{i}")
        nodes.append(
            helper.make_node(
                "RoiAlign",
                list(arrays),
                [pooled[-1]],
                output_height=SIDE,
                output_width=SIDE,
                sampling_ratio=0,
                spatial_scale=1 / stride,
                mode="avg",
                coordinate_transformation_mode="output_half_pixel",
            )
        )
        feeds |= arrays
    nodes.append(helper.make_node("Concat", pooled, ["out"], axis=0))
    shape = [BOXES, CHANNELS, SIDE, SIDE]
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "roi_align", inputs, [out])
    opset = [helper.make_opsetid("", 16)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    core = ov.Core()
    config = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(
        core.read_model(BytesIO(model.SerializeToString())), "CPU", config
    )
    request = compiled.create_infer_request()
    for name, array in feeds.items():
        request.set_tensor(name, ov.Tensor(array))
    spent = []
    for number in range(RUNS + 1):
        start = time.perf_counter()
        request.infer()
        if number:  # the first is the warm-up
            spent.append((time.perf_counter() - start) * 1e3)
    found = summarize(spent)
    print(
        f"OpenVINO RoiAlign of {BOXES} boxes, one thread: median {found['median']:.0f} ms, p10 to "
        f"p90 {found['p10']:.0f} to {found['p90']:.0f}"
    )


if __name__ == "__main__":
    main()
