"""The official models' FP16 networks with generated weights, without a GPU.

From the image to the outputs, generated weights amplify rounding: with the image alone rounded to
half, the FP32 network of PP-YOLOE_seg-S moves by 1.4e-2 to 6.9e-2 of an output's largest magnitude,
the prototypes of Mask-RT-DETR-S by 3.4e-2. So networks are compared in stages: every fourth product
is handed on from the FP32 network (rounded to the type it has), and so are sampling positions
(random features are steep) and decisions (places of a top-k, comparisons), which turn on rounding.
R-CNNs of 50 layers are compared whole too: MaskRCNN-ResNet50-FPN is 7e-3 apart; those of 101 layers
are 1.5e-2 to 2.2e-2 apart and so beyond the tolerance as whole networks, within it in stages.
Of trained weights, `test_mixed_precision.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from half_rounding import (
    HALF,
    by_casts,
    element_types,
    forced,
    rounded_network,
    with_extremes,
)
from parity.official_folder import official_folder
from parity.program_formats import PIR
from parity.workplace import reference_dir
from product_stages import decisions, every_fourth_product, exact_tensors
from run_network import run_onnx
from skimage import data

from instseg import _core
from instseg.importer import import_model, read_manifest
from instseg.mixed_precision import mixed_precision_network
from instseg.model_names import OFFICIAL_MODELS
from instseg.operator_support import VERSIONS, unsupported

Array = npt.NDArray[Any]

CHEAP = ["PP-YOLOE_seg-S", "Mask-RT-DETR-S"]
LARGE = [name for name in OFFICIAL_MODELS if name not in (*CHEAP, "Mask-RT-DETR-H")]
NOT_HELD = pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="a stage of the encoder's first self attention is 3.2e-2 apart; why is not known: its "
    "logits in FP32 leave 3.0e-2",
)
MODELS = [
    *CHEAP,
    *(pytest.param(name, marks=pytest.mark.parity) for name in LARGE),
    pytest.param("Mask-RT-DETR-H", marks=[pytest.mark.parity, NOT_HELD]),
]

TOLERANCE = 1e-2
"""Of each tensor's largest magnitude; measured are 4e-3 in stages, and 7e-3 for whole R-CNNs."""
HALF_MAX, MARGIN = 65504.0, 16.0
NOMINAL = {"mask_rcnn": [1, 3, 800, 1344], "solov2": [1, 3, 800, 1344]}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    shared = reference_dir()
    if not (shared / "official" / "make_params.py").is_file():
        pytest.skip(f"no shared data in {shared}; name the folder in INSTSEG_REFERENCE_DIR")

    def make(model: str) -> Path:
        made_in = tmp_path_factory.mktemp("official")
        source = official_folder(model, PIR, calm=True, shared=shared, made_in=made_in)
        return import_model(source.path, made_in / "networks")

    return make


def image_tensor(folder: Path) -> Array:
    spec = read_manifest(folder)["preprocess"]
    return _core.preprocess(np.ascontiguousarray(data.astronaut()), color="rgb", spec=spec)[None]


def handed_on(mixed: onnx.ModelProto) -> list[str]:
    """Names of the tensors that the stages begin with."""
    return list(dict.fromkeys([*every_fourth_product(mixed), *decisions(mixed)]))


def differences(found: dict[str, Array], exact: dict[str, Array]) -> dict[str, float]:
    """Of float tensors: the largest difference, in parts of the largest magnitude."""
    apart = {}
    for name, values in found.items():
        expected = exact.get(name.removesuffix(":computed"))
        if expected is not None and expected.dtype == np.float32:
            apart[name] = float(np.abs(values - expected).max() / np.abs(expected).max())
    return apart


@pytest.mark.parametrize("model", MODELS)
def test_official_model(model: str, folders: Callable[[str], Path]) -> None:
    folder = folders(model)
    manifest = read_manifest(folder)
    family = manifest["family"]
    image = image_tensor(folder)
    features: list[Array] = []
    for network in manifest["networks"]:
        file, mixed_file = folder / network["file"], folder / "mixed.onnx"
        is_main = network["role"] == "main"
        shapes = {"image": NOMINAL[family]} if is_main and family in NOMINAL else None
        report = mixed_precision_network(file, family, mixed_file, input_shapes=shapes)
        assert report.half_share is not None
        assert report.half_share > 0.95, json.dumps(report.parts)
        assert not report.parts.keys() & {
            "operator without a rule",
            "constant beyond the range of half precision",
        }
        for version in VERSIONS:
            assert unsupported(file, version) == []
            assert unsupported(mixed_file, version) == []

        mixed = onnx.load(mixed_file)
        feeds = {"image": image} if is_main else roi_feeds(manifest, network["role"], features)
        names = handed_on(mixed)
        exact = exact_tensors(onnx.load(file), names, feeds, folder / "exact.onnx")
        if is_main:
            features = [
                np.ascontiguousarray(exact[name][0])
                for name in sorted(exact)
                if name.startswith("features_")
            ]
        types = element_types(mixed)
        rounded = rounded_network(mixed, by_casts)
        wide = [n for node in rounded.graph.node for n in node.output if n.endswith(":wide")]
        del mixed

        stages = onnx.ModelProto()
        stages.CopyFrom(rounded)
        onnx.save(forced(stages, names), mixed_file)
        del stages
        given = {
            name: exact[name].astype(np.float16).astype(np.float32)
            if types[name] == HALF
            else exact[name]
            for name in names
        }
        apart = differences(run_onnx(mixed_file, {**feeds, **given}), exact)
        assert len(apart) > len(names) / 2
        assert max(apart.values()) <= TOLERANCE, sorted(apart.items(), key=lambda i: -i[1])[:5]

        onnx.save(with_extremes(rounded, wide), mixed_file)
        del rounded
        whole = run_onnx(mixed_file, feeds)
        assert all(np.isfinite(values).all() for values in whole.values())
        largest = max(abs(float(v)) for n, v in whole.items() if n.endswith((":most", ":least")))
        assert 0 < largest < HALF_MAX / MARGIN
        if family == "mask_rcnn" and "101" not in model:
            assert max(differences(whole, exact).values()) <= TOLERANCE


def roi_feeds(manifest: dict[str, Any], role: str, features: list[Array]) -> dict[str, Array]:
    """Features of 8 places of the image."""
    corners = np.random.default_rng(7).uniform(0, 400, (8, 2))
    boxes = np.concatenate([corners, corners + np.geomspace(16, 400, 8)[:, None]], 1)
    head = "mask" if role == "mask" else "box"
    pooled = _core.rcnn_pool(manifest["postprocess"], features, boxes.astype(np.float32), head=head)
    return {"roi_features": pooled}
