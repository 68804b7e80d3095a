"""The stages of Mask-RT-DETR, from the image to the four tensors that the SDK cuts at.

Stage after stage, because its networks are ill-conditioned with generated weights: rounding grows a
hundredfold from one backbone stage to the next in X and H; the first boxes are the extents of
`mask logit > 0`, where one logit near zero moves a box by whole cells; and every decoder layer
amplifies what it is given. Fed with Paddle's own tensors, each stage is well-conditioned.
"""

from __future__ import annotations

from collections.abc import Iterable

from parity.landmarks import Landmarks
from parity.stage import Stage

from instseg.importer import cut_mask_rtdetr, understand
from instseg.importer.ir.graph import Graph, Value

DECODER_LAYERS = 6
PYRAMID_LEVELS = 3
BACKBONE = [f"backbone.{stage}" for stage in range(4)]
PYRAMID = [f"neck.0.{level}" for level in range(PYRAMID_LEVELS)]
PROTOTYPES = "neck.1"
MEMORY = "transformer.decoder.in.memory"
SELECTED_FROM = ["transformer.enc_output", "transformer.score_head"]


def mask_rtdetr_stages(program: Graph, marks: Landmarks) -> list[Stage]:
    cut = cut_mask_rtdetr(understand(program)).networks[0].outputs
    final = {name: value for (name, _), value in cut.items()}
    return [
        *encoder_stages(program, marks, final["prototypes"]),
        *_query_stages(marks, final["prototypes"]),
        *_decoder_stages(marks, final),
    ]


def encoder_stages(program: Graph, marks: Landmarks, prototypes: Value) -> list[Stage]:
    """The dense part before the queries are selected; outputs are named as the modules that make
    them in PaddleDetection, like the stages of the shared data's `forward` files."""
    [image] = [value.name for value in program.inputs if len(value.shape) == 4]
    values = {
        **{
            BACKBONE[stage]: marks.into(f"backbone.stages.{stage + 1}.downsample.conv.weight")
            for stage in range(3)
        },
        BACKBONE[3]: marks.into("neck.input_proj.2.0.weight"),
        PROTOTYPES: prototypes,
        MEMORY: marks.into("transformer.decoder.layers.0.cross_attn.value_proj.weight"),
        "transformer.enc_output": marks.out_of("transformer.enc_output.1.weight"),
        "transformer.score_head": marks.out_of("transformer.score_head.bias"),
    }
    projections = [f"transformer.input_proj.{level}" for level in range(PYRAMID_LEVELS)]
    for level, projection in enumerate(projections):
        values[PYRAMID[level]] = marks.into(f"{projection}.conv.weight")
        values[projection] = marks.out_of(f"{projection}.norm.weight")

    def some(names: Iterable[str]) -> dict[str, str]:
        return _names({name: values[name] for name in names})

    return [
        Stage("backbone stages 0 and 1", {"image": image}, some(BACKBONE[:2])),
        Stage("backbone stage 2", some([BACKBONE[1]]), some([BACKBONE[2]])),
        Stage("backbone stage 3", some([BACKBONE[2]]), some([BACKBONE[3]])),
        Stage("neck", some(BACKBONE), some([*PYRAMID, PROTOTYPES])),
        Stage("memory", some(PYRAMID), some([*projections, MEMORY, *SELECTED_FROM])),
    ]


def whole_encoder(stages: list[Stage]) -> Stage:
    """All of `encoder_stages` at once, from the image on."""
    encoder = stages[: [stage.name for stage in stages].index("memory") + 1]
    outputs = {key: value for stage in encoder for key, value in stage.outputs.items()}
    return Stage("image to memory", encoder[0].inputs, outputs)


def _query_stages(marks: Landmarks, prototypes: Value) -> list[Stage]:
    """The memory and the mask query are inputs for the size of the batch only."""
    mask_query = marks.out_of("transformer.mask_query_head.layers.2.bias")
    mask_logits = marks.consumer(mask_query, "matmul").output
    masks = _names({"mask_query_head": mask_query, "mask_logits": mask_logits})
    memory = marks.into("transformer.decoder.layers.0.cross_attn.value_proj.weight")
    selected_from = {
        "enc_output": marks.out_of("transformer.enc_output.1.weight"),
        "score_head": marks.out_of("transformer.score_head.bias"),
        "memory": memory,
        "prototypes": prototypes,
    }
    target = marks.producer(marks.into("transformer.decoder.layers.0.norm1.weight")).input(0)
    boxes = marks.into("transformer.query_pos_head.layers.0.weight")
    return [
        Stage("query selection", _names(selected_from), {**_names({"target": target}), **masks}),
        Stage("first boxes", masks, _names({"boxes": boxes})),
    ]


def _decoder_stages(marks: Landmarks, final: dict[str, Value]) -> list[Stage]:
    """Every layer with the refinement of the boxes after it; then the heads."""
    memory = marks.into("transformer.decoder.layers.0.cross_attn.value_proj.weight")
    target = marks.producer(marks.into("transformer.decoder.layers.0.norm1.weight")).input(0)
    positions = "transformer.query_pos_head.layers.0.weight"
    boxes = [marks.into(positions, layer) for layer in range(DECODER_LAYERS)] + [final["boxes"]]
    stages = []
    for layer in range(DECODER_LAYERS):
        next_target = marks.out_of(f"transformer.decoder.layers.{layer}.norm3.weight")
        stages.append(
            Stage(
                f"decoder layer {layer}",
                _names({"target": target, "boxes": boxes[layer], "memory": memory}),
                _names({"next_target": next_target, "next_boxes": boxes[layer + 1]}),
            )
        )
        target = next_target
    heads = {"logits": final["logits"], "mask_coefficients": final["mask_coefficients"]}
    return [*stages, Stage("heads", _names({"target": target}), _names(heads))]


def _names(values: dict[str, Value]) -> dict[str, str]:
    return {key: value.name for key, value in values.items()}
