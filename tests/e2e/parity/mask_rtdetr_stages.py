"""The stages of Mask-RT-DETR, from the image to the four tensors that the SDK cuts at.

Stage after stage, because with generated weights the whole is ill-conditioned: every stage of the
backbones of X and H multiplies rounding by 10 to 200; the first boxes are the extents of
`mask logit > 0`, where one logit near zero moves a box by whole cells, and every layer of the
decoder amplifies what it is given. Fed with Paddle's own tensors, each stage is well-conditioned.
"""

from __future__ import annotations

from itertools import pairwise

from parity.landmarks import Landmarks
from parity.stage import Stage

from instseg.importer import cut_mask_rtdetr, understand
from instseg.importer.ir.graph import Graph, Value

DECODER_LAYERS = 6
PYRAMID_LEVELS = 3
MEMORY = "transformer.decoder.in.memory"
# The memory only for the size of the batch.
SELECTED_FROM = ("transformer.enc_output", "transformer.score_head", "neck.1", MEMORY)


def mask_rtdetr_stages(program: Graph, marks: Landmarks) -> list[Stage]:
    """Names follow the modules of PaddleDetection, as in the shared data's `forward` files."""
    cut = cut_mask_rtdetr(understand(program)).networks[0].outputs
    final = {name: value for (name, _), value in cut.items()}
    [image] = [value.name for value in program.inputs if len(value.shape) == 4]

    encoder = encoder_values(marks) | {"neck.1": final["prototypes"]}
    pyramid = [f"backbone.{level + 1}" for level in range(PYRAMID_LEVELS)]
    behind = {key: value for key, value in encoder.items() if key not in pyramid}
    stages = [Stage(f"image to {pyramid[0]}", {"image": image}, _part(encoder, pyramid[:1]))]
    for below, above in pairwise(pyramid):
        stages.append(Stage(f"to {above}", _part(encoder, [below]), _part(encoder, [above])))
    stages.append(Stage("neck and encoder", _part(encoder, pyramid), _names(behind)))

    target = marks.producer(marks.into("transformer.decoder.layers.0.norm1.weight")).input(0)
    mask_query = marks.out_of("transformer.mask_query_head.layers.2.bias")
    mask_logits = marks.consumer(mask_query, "matmul").output
    box = marks.into("transformer.query_pos_head.layers.0.weight")
    masks = {"mask_query_head": mask_query, "mask_logits": mask_logits}
    stages += [
        Stage(
            "query selection",
            _names({key: encoder[key] for key in SELECTED_FROM}),
            _names({"target": target, **masks}),
        ),
        # The query only for the size of the batch.
        Stage("first boxes", _names(masks), _names({"boxes": box})),
    ]
    for layer in range(DECODER_LAYERS):
        last = layer == DECODER_LAYERS - 1
        next_target = marks.out_of(f"transformer.decoder.layers.{layer}.norm3.weight")
        next_box = (
            final["boxes"]
            if last
            else marks.into("transformer.query_pos_head.layers.0.weight", layer + 1)
        )
        stages.append(
            Stage(
                f"decoder layer {layer}",
                _names({"target": target, "boxes": box, "memory": encoder[MEMORY]}),
                _names({"next_target": next_target, "next_boxes": next_box}),
            )
        )
        target, box = next_target, next_box
    heads = {"logits": final["logits"], "mask_coefficients": final["mask_coefficients"]}
    return [*stages, Stage("heads", _names({"target": target}), _names(heads))]


def encoder_values(marks: Landmarks) -> dict[str, Value]:
    """The dense tensors before the queries are selected."""
    values = {
        f"backbone.{level + 1}": marks.into(f"neck.input_proj.{level}.0.weight")
        for level in range(PYRAMID_LEVELS)
    }
    for level in range(PYRAMID_LEVELS):
        projection = f"transformer.input_proj.{level}"
        values[f"neck.0.{level}"] = marks.into(f"{projection}.conv.weight")
        values[f"transformer.input_proj.{level}"] = marks.out_of(f"{projection}.norm.weight")
    return values | {
        MEMORY: marks.into("transformer.decoder.layers.0.cross_attn.value_proj.weight"),
        "transformer.enc_output": marks.out_of("transformer.enc_output.1.weight"),
        "transformer.score_head": marks.out_of("transformer.score_head.bias"),
    }


def _part(values: dict[str, Value], keys: list[str]) -> dict[str, str]:
    return _names({key: values[key] for key in keys})


def _names(values: dict[str, Value]) -> dict[str, str]:
    return {key: value.name for key, value in values.items()}
