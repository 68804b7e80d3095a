"""SOLOv2's cut: the official programs in both formats, and what other settings change in them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from instseg.errors import ModelError
from instseg.importer import propagate, read_program, understand
from instseg.importer.cuts.cut import Cut
from instseg.importer.cuts.solov2 import cut_solov2

Operators = list[dict[str, Any]]
Change = Callable[[Operators], None]

OFFICIAL_NUMBERS = {
    "candidate_threshold": pytest.approx(0.1),
    "level_strides": [8, 8, 16, 32, 32],
    "pre_nms_top_k": 500,
    "nms_decay": "gaussian",
    "nms_sigma": 2.0,
    "decayed_threshold": pytest.approx(0.05),
    "top_k": 100,
    "mask_upsampling": 4,
    "width_by_height_factor": True,
}
"""As the program of the official model has them (MaskMatrixNMS and the head's configuration)."""


def cut_folder(folder: Path) -> Cut:
    programs = (folder / "inference.json", folder / "inference.pdmodel")
    program = next(path for path in programs if path.is_file())
    graph = read_program(program, folder / "inference.pdiparams")
    propagate(graph)
    return cut_solov2(understand(graph))


@pytest.mark.parametrize("program_format", ["pir", "old"])
def test_official_programs(
    official_folder: Callable[[str, str], Path], program_format: str
) -> None:
    cut = cut_folder(official_folder("SOLOv2", program_format))
    assert cut.num_classes == 80
    assert cut.mask_threshold == 0.5
    assert dict(cut.postprocess) == OFFICIAL_NUMBERS
    (network,) = cut.networks
    shapes = {meaning: value.shape[1:] for (_, meaning), value in network.outputs.items()}
    sides = [40, 36, 24, 16, 12]
    assert shapes.pop("mask_features")[0] == 256
    assert shapes == {
        **{f"category_scores_{i}": (side, side, 80) for i, side in enumerate(sides)},
        **{f"kernels_{i}": (256, side, side) for i, side in enumerate(sides)},
    }
    assert [value.name for value in network.inputs.values()] == ["image"]


def changed(folder: Path, target: Path, change: Change) -> Path:
    document = json.loads((folder / "inference.json").read_text())
    change(document["program"]["regions"][0]["blocks"][0]["ops"])
    (target / "inference.json").write_text(json.dumps(document))
    os.symlink(folder / "inference.pdiparams", target / "inference.pdiparams")
    return target


def made_by(operators: Operators, value: int) -> dict[str, Any]:
    return next(op for op in operators if {"%": value}.items() <= _outputs(op).items())


def _outputs(op: dict[str, Any]) -> dict[str, Any]:
    outputs = op["O"] if isinstance(op["O"], list) else [op["O"]]
    return {"%": outputs[0].get("%")} if outputs else {}


def of_kind(operators: Operators, name: str) -> Operators:
    return [op for op in operators if op["#"] == f"1.{name}"]


def set_attribute(op: dict[str, Any], name: str, value: Any) -> None:
    next(item for item in op["A"] if item["N"] == name)["AT"]["D"] = value


def set_operand(operators: Operators, op: dict[str, Any], position: int, value: float) -> None:
    """Changes the number in the `full` that makes an operand."""
    set_attribute(made_by(operators, op["I"][position]["%"]), "value", value)


def other_numbers(operators: Operators) -> None:
    comparisons = of_kind(operators, "greater_than")
    set_operand(operators, comparisons[0], 1, 0.25)  # score of a candidate
    set_operand(operators, comparisons[1], 1, 0.375)  # mask
    set_operand(operators, comparisons[-1], 1, 0.375)  # final mask
    set_operand(operators, comparisons[-3], 1, 300.0)  # before NMS
    set_operand(operators, comparisons[-2], 1, 20.0)  # after NMS
    set_operand(operators, of_kind(operators, "greater_equal")[0], 1, 0.125)
    for exponential in of_kind(operators, "exp"):
        scale = made_by(operators, exponential["I"][0]["%"])
        set_operand(operators, scale, 1, -3.0)


def test_every_number_is_read_from_the_program(
    official_folder: Callable[[str, str], Path], tmp_path: Path
) -> None:
    cut = cut_folder(changed(official_folder("SOLOv2", "pir"), tmp_path, other_numbers))
    assert cut.mask_threshold == 0.375
    assert dict(cut.postprocess) == {
        **OFFICIAL_NUMBERS,
        "candidate_threshold": 0.25,
        "pre_nms_top_k": 300,
        "top_k": 20,
        "decayed_threshold": 0.125,
        "nms_sigma": 3.0,
    }


def linear(operators: Operators) -> None:
    """exp(-sigma * x^2) becomes -x + 1."""
    for exponential in of_kind(operators, "exp"):
        scale = made_by(operators, exponential["I"][0]["%"])
        power = made_by(operators, scale["I"][0]["%"])
        set_operand(operators, scale, 1, -1.0)
        set_attribute(scale, "bias", 1.0)
        scale["I"][0] = power["I"][0]
        quotient = next(
            op
            for op in of_kind(operators, "divide")
            if any(item["%"] == exponential["O"][0]["%"] for item in op["I"])
        )
        place = [item["%"] for item in quotient["I"]].index(exponential["O"][0]["%"])
        quotient["I"][place] = {"%": scale["O"][0]["%"]}


def test_linear_decay(official_folder: Callable[[str, str], Path], tmp_path: Path) -> None:
    cut = cut_folder(changed(official_folder("SOLOv2", "pir"), tmp_path, linear))
    expected = {**OFFICIAL_NUMBERS, "nms_decay": "linear"}
    del expected["nms_sigma"]
    assert dict(cut.postprocess) == expected


def one_sigma(operators: Operators) -> None:
    scale = made_by(operators, of_kind(operators, "exp")[0]["I"][0]["%"])
    set_operand(operators, scale, 1, -3.0)


def one_mask_threshold(operators: Operators) -> None:
    set_operand(operators, of_kind(operators, "greater_than")[-1], 1, 0.25)


def cubed(operators: Operators) -> None:
    for power in of_kind(operators, "elementwise_pow"):
        set_operand(operators, power, 1, 3.0)


def another_stride_in_a_level(operators: Operators) -> None:
    """The first level's 1600 cells become 1599 and 1."""
    eight = next(
        op
        for op in of_kind(operators, "full")
        if next(i for i in op["A"] if i["N"] == "shape")["AT"]["D"] == [1600]
    )
    set_attribute(eight, "shape", [1599])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (one_sigma, "the two sides of the decay differ"),
        (one_mask_threshold, "another threshold before than after"),
        (cubed, "the decay is no Gaussian"),
        (another_stride_in_a_level, "the strides do not follow the levels"),
    ],
)
def test_other_programs_are_refused(
    official_folder: Callable[[str, str], Path], tmp_path: Path, change: Change, message: str
) -> None:
    folder = changed(official_folder("SOLOv2", "pir"), tmp_path, change)
    with pytest.raises(ModelError, match=message):
        cut_folder(folder)
