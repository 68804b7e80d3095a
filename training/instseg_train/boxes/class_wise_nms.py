"""Paddle's class-wise non-maximum suppression, as the exported programs call it."""

from __future__ import annotations

import paddle
from paddle import Tensor
from paddle.base.layer_helper import LayerHelper


@paddle.jit.not_to_static  # Paddle 3.0 loses defaults of the functions that it traces
def class_wise_nms(
    boxes: Tensor,
    scores: Tensor,
    *,
    score_threshold: float,
    iou_threshold: float,
    most: int,
    most_before: int = -1,
    background: int = -1,
    rois_num: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Operator `multiclass_nms3`: boxes of a class that overlap a better one are dropped.

    boxes float32 [N, A, 4] and scores [N, K, A]; or, with rois_num int32 [N], boxes [R, K, 4] and
    scores [R, K]. Returns float32 [n, 6] class, score, x1, y1, x2, y2 by image, class and falling
    score (with rois_num: and place among the R); their numbers int32 [N]; and int32 [n, 1], which
    of the N * A (or R) each was. Every class keeps at most its `most_before` best before the
    suppression (-1: all), every image `most` after it. `background` is a class to leave out.
    """
    if paddle.in_dynamic_mode() or paddle.framework.in_pir_mode():
        bbox, kept, bbox_num = paddle._C_ops.multiclass_nms3(
            boxes,
            scores,
            rois_num,
            score_threshold,
            most_before,
            most,
            iou_threshold,
            True,  # sizes are x2 - x1, not one more
            1.0,
            background,
        )
        return bbox, bbox_num, kept
    helper = LayerHelper("multiclass_nms3")
    bbox = helper.create_variable_for_type_inference(dtype=boxes.dtype)
    kept = helper.create_variable_for_type_inference(dtype="int32")
    bbox_num = helper.create_variable_for_type_inference(dtype="int32")
    inputs = {"BBoxes": boxes, "Scores": scores}
    if rois_num is not None:
        inputs["RoisNum"] = rois_num
    helper.append_op(
        type="multiclass_nms3",
        inputs=inputs,
        outputs={"Out": bbox, "Index": kept, "NmsRoisNum": bbox_num},
        attrs={
            "score_threshold": score_threshold,
            "nms_top_k": most_before,
            "keep_top_k": most,
            "nms_threshold": iou_threshold,
            "normalized": True,
            "nms_eta": 1.0,
            "background_label": background,
        },
    )
    return bbox, bbox_num, kept
