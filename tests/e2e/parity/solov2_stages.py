"""The stages of SOLOv2, from the image to the tensors that the SDK cuts at.

Named as the modules that make them in PaddleDetection, like the stages of the shared data's
`forward` files. The network is well-conditioned: rounding stays rounding from end to end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from parity.landmarks import Landmarks
from parity.stage import Stage

from instseg.importer import understand
from instseg.importer.cuts.solov2 import cut_solov2
from instseg.importer.ir.graph import Graph, Value

BACKBONE = [f"backbone.{stage}" for stage in range(4)]
NECK = [f"neck.{level}" for level in range(5)]
LATERALS = ["res2_sum_lateral", "res3_sum_lateral", "res4_sum_lateral", "res5_sum"]


def solov2_stages(program: Graph, marks: Landmarks) -> list[Stage]:
    [image] = [value.name for value in program.inputs if len(value.shape) == 4]
    values = {
        name: marks.into(f"neck.fpn_inner_{lateral}.weight")
        for name, lateral in zip(BACKBONE, LATERALS, strict=True)
    }
    for level in range(4):
        convolved = marks.out_of(f"neck.fpn_res{level + 2}_sum.weight")
        values[NECK[level]] = marks.consumer(convolved, "add").output
    values[NECK[4]] = marks.consumer(values[NECK[3]], "pool2d").output
    heads = solov2_outputs(program)
    values |= heads

    def some(names: Iterable[str]) -> dict[str, str]:
        return {name: values[name].name for name in names}

    return [
        Stage("backbone", {"image": image}, some(BACKBONE)),
        Stage("neck", some(BACKBONE), some(NECK)),
        Stage("heads", some(NECK), some(heads)),
    ]


def solov2_outputs(program: Graph) -> Mapping[str, Value]:
    """Module -> value, of what the SDK takes out of the network."""
    names = {"mask_features": "mask_head"}
    for level in range(len(NECK)):
        names[f"category_scores_{level}"] = f"solov2_head.0.{level}"
        names[f"kernels_{level}"] = f"solov2_head.1.{level}"
    [network] = cut_solov2(understand(program)).networks
    return {names[meaning]: value for (_, meaning), value in network.outputs.items()}


def whole_network(stages: list[Stage]) -> Stage:
    outputs = {key: value for stage in stages for key, value in stage.outputs.items()}
    return Stage("image to heads", stages[0].inputs, outputs)
