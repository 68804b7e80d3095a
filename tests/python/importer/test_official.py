"""Official Mask-RT-DETR-S, both formats (`tests/e2e/parity` compares all models with Paddle)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import openvino
import pytest
from run_network import run_onnx, worst_difference

from instseg.importer import import_model, verify_network_folder

Array = npt.NDArray[Any]
Official = Callable[[str, str], Path]
MODEL = "Mask-RT-DETR-S"
PER_QUERY = ("boxes", "logits", "mask_coefficients")

ENGINE_TOLERANCE = 1e-3
"""Of each tensor's largest magnitude. Both engines compute in float32, but add up the terms of
some 70 layers in different orders; measured are 6e-5 (prototypes) and 4e-4 (queries)."""
FORMAT_TOLERANCE = 1e-4
"""The same arithmetic, but the exporters fold and order some of it differently: measured 9e-6."""
STRAYS = 2
"""Of the 300 queries: two candidates with nearly the same score may change places, and at the end
of the list one may be taken for the other. The rest must have a partner."""


@pytest.fixture(scope="module")
def networks(
    official_folder: Official, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("official")
    return {
        program_format: import_model(
            official_folder(MODEL, program_format), folder / program_format
        )
        for program_format in ("pir", "old")
    }


@pytest.fixture(scope="module")
def image() -> Array:
    """float32 [1, 3, 640, 640] in 0..1: smooth waves and some noise."""
    random = np.random.default_rng(11)
    y, x = np.meshgrid(np.linspace(0, 9, 640), np.linspace(0, 7, 640), indexing="ij")
    phases = random.uniform(0, 6, size=(1, 3, 1, 1))
    waves = 0.5 + 0.4 * np.sin(x + y * phases + phases)
    noisy = waves + random.normal(0, 0.02, waves.shape)
    return np.asarray(noisy.clip(0, 1).astype(np.float32))


@pytest.fixture(scope="module")
def onnx_results(networks: dict[str, Path], image: Array) -> dict[str, dict[str, Array]]:
    """ONNX Runtime's results, by format."""
    return {
        name: run_onnx(folder / "network.onnx", {"image": image})
        for name, folder in networks.items()
    }


def assert_same(a: dict[str, Array], b: dict[str, Array], tolerance: float) -> None:
    """Prototypes pixel by pixel; queries without regard to their order."""
    assert a["prototypes"].shape == b["prototypes"].shape == (1, 128, 160, 160)
    assert worst_difference(a["prototypes"], b["prototypes"].astype(np.float64)) <= tolerance
    scales = [float(np.abs(b[name]).max()) for name in PER_QUERY]
    rows_a, rows_b = (
        np.concatenate(
            [tensors[name][0] / scale for name, scale in zip(PER_QUERY, scales, strict=True)], 1
        )
        for tensors in (a, b)
    )
    assert rows_a.shape == rows_b.shape == (300, 4 + 80 + 128)
    distances = np.stack([np.abs(rows_b - row).max(1) for row in rows_a])
    for nearest in (distances.min(0), distances.min(1)):
        assert (nearest > tolerance).sum() <= STRAYS, np.sort(nearest)[-5:]


@pytest.mark.parametrize("program_format", ["pir", "old"])
def test_network_folder_is_whole_and_the_checker_agrees(
    program_format: str, networks: dict[str, Path]
) -> None:
    manifest = verify_network_folder(networks[program_format])
    assert manifest["model_name"] == MODEL
    assert manifest["family"] == "mask_rtdetr"
    assert len(manifest["class_names"]) == 80
    [network] = manifest["networks"]
    assert {t["name"]: t["shape"] for t in network["outputs"]} == {
        "boxes": [-1, 300, 4],
        "logits": [-1, 300, 80],
        "mask_coefficients": [-1, 300, 128],
        "prototypes": [-1, 128, 160, 160],
    }
    path = str(networks[program_format] / network["file"])
    onnx.checker.check_model(path, full_check=True)


@pytest.mark.parametrize("program_format", ["pir", "old"])
def test_import_is_deterministic(
    program_format: str, networks: dict[str, Path], official_folder: Official, tmp_path: Path
) -> None:
    again = import_model(official_folder(MODEL, program_format), tmp_path / "again")
    first = verify_network_folder(networks[program_format])
    assert verify_network_folder(again) == first  # SHA-256 of the networks included


@pytest.mark.parametrize("program_format", ["pir", "old"])
def test_onnx_runtime_and_openvino_agree(
    program_format: str,
    networks: dict[str, Path],
    onnx_results: dict[str, dict[str, Array]],
    image: Array,
) -> None:
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 2}
    path = networks[program_format] / "network.onnx"
    compiled = openvino.Core().compile_model(str(path), "CPU", options)
    results = compiled({"image": image})
    found = {name: np.asarray(results[name]) for name in onnx_results[program_format]}
    assert_same(found, onnx_results[program_format], ENGINE_TOLERANCE)


def test_both_formats_give_the_same_numbers(onnx_results: dict[str, dict[str, Array]]) -> None:
    assert_same(onnx_results["pir"], onnx_results["old"], FORMAT_TOLERANCE)
