"""bfloat16 on CPUs: what it changes, and which layers stay in float32 (`kept_in_fp32.cpp`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from parity.instances import Instances
from parity.official_folder import official_folder
from parity.pairing import DetectionTolerance, compare
from parity.program_formats import PIR
from parity.workplace import reference_dir
from product_stages import (
    every_fourth_product,
    layers,
    openvino_in_bf16,
    sdk_in_bf16,
    stage_differences,
)
from skimage import data
from test_mixed_precision import MODELS, PICTURES, TRAINED, feeds_of, image_tensor, networks

from instseg import Predictor, _core, engines
from instseg.importer import import_model, read_manifest

[OPENVINO] = [engine for engine in engines() if engine["name"] == "openvino"]
pytestmark = pytest.mark.skipif(
    "bf16" not in OPENVINO["precisions"], reason="this processor does not compute in bfloat16"
)

TOLERANCE = 2e-2
"""Of each tensor's largest magnitude. bfloat16 has 8 bits: one rounding is up to 4e-3 of a number.
Measured over all pictures: Mask-RT-DETR 1.5e-2, PP-YOLOE 1.4e-2, where everything in bfloat16 gives
4.3e-2 and 4.9e-2; Mask-RT-DETR-L with generated weights, four products at a time, 1.7e-2."""

FROM_THE_IMAGE = 5e-2
"""The same of the outputs with nothing but decisions handed on, so that roundings add up. Measured
are 4.0e-2 (Mask-RT-DETR) and 4.4e-2 (PP-YOLOE); everything in bfloat16 gives 2.6e-1 and 1.7e-1."""

Folders = Callable[[str], Path]
Ends = Callable[[onnx.ModelProto], list[str]]
LOOSE = DetectionTolerance(score=0.05, box_px=2, iou_min=0.9, iou_median=0.95)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    made: dict[str, Path] = {}

    def make(model: str) -> Path:
        if model not in made:
            made[model] = import_model(TRAINED / model, tmp_path_factory.mktemp("nets") / model)
        return made[model]

    return make


@pytest.mark.parametrize("model", MODELS)
def test_every_layer_of_trained_models(model: str, folders: Folders, tmp_path: Path) -> None:
    folder = folders(model)
    apart: dict[str, float] = {}
    for network in networks(folder):
        feeds = feeds_of(folder, network)
        found = stage_differences(folder, network, feeds, tmp_path, ends=layers, run=sdk_in_bf16)
        apart |= {f"{network['role']} {name}": value for name, value in found.items()}
    worst = sorted(apart.items(), key=lambda item: -item[1])[:5]
    assert 1e-3 < worst[0][1] <= TOLERANCE, worst


def outputs_alone(_: onnx.ModelProto) -> list[str]:
    return []


@pytest.mark.parametrize(("ends", "limit"), [(layers, TOLERANCE), (outputs_alone, FROM_THE_IMAGE)])
@pytest.mark.parametrize("model", ["mask_rtdetr", "ppyoloe_seg"])
def test_all_pictures_and_everything_in_bf16_beside(
    model: str, ends: Ends, limit: float, folders: Folders, tmp_path: Path
) -> None:
    folder = folders(model)
    [network] = networks(folder)
    kept = everything = 0.0
    for picture in PICTURES:
        feeds = {"image": image_tensor(picture, read_manifest(folder)["preprocess"])}
        for run in (sdk_in_bf16, openvino_in_bf16):
            found = stage_differences(folder, network, feeds, tmp_path, ends=ends, run=run)
            if run is sdk_in_bf16:
                kept = max(kept, *found.values())
            else:
                everything = max(everything, *found.values())
    print(f"\n{model}, {ends.__name__}: {everything:.1e} everything in bf16, {kept:.1e} as it is")
    assert 1e-3 < kept <= limit < everything


@pytest.mark.parametrize("model", MODELS)
def test_the_same_instances(model: str, folders: Folders) -> None:
    """Of the pictures that the models were taught. A score near the threshold may cross it."""
    exact, fast = (
        Predictor(folders(model), engine="openvino", precision=precision, num_threads=1)
        for precision in ("fp32", "bf16")
    )
    seen = 0
    for picture in PICTURES:
        if picture.name.startswith("val"):
            continue
        pair = [Instances.of_result(each.predict(picture, threshold=0.5)) for each in (exact, fast)]
        apart = compare(*pair, 0.5, LOOSE)
        assert abs(len(pair[0]) - len(pair[1])) <= 1
        assert apart.unpaired <= 1
        assert apart.score <= 0.03
        assert apart.iou_median >= 0.98
        seen += apart.rows
    assert seen >= 20


def test_a_network_from_the_cache_is_the_same(folders: Folders, tmp_path: Path) -> None:
    first, second = (
        Predictor(
            folders("mask_rtdetr"),
            engine="openvino",
            precision="bf16",
            num_threads=1,
            cache_dir=tmp_path,
        )
        for _ in range(2)
    )
    [network] = first.info()["networks"]
    assert network["layer_types"]["fp32"] > 0 < network["layer_types"]["bf16"]
    assert second.info()["networks"][0]["layer_types"] == network["layer_types"]
    for picture in PICTURES:
        results = [each.predict(picture, threshold=0.1).to_dict() for each in (first, second)]
        for result in results:
            del result["timings_ms"]
        assert results[0] == results[1]
        assert results[0]["instances"] or picture.name.startswith("val")


@pytest.mark.parity
def test_every_four_products_of_the_official_model(tmp_path: Path) -> None:
    """With generated weights, which amplify rounding: layers as a whole are further apart."""
    shared = reference_dir()
    if not (shared / "official" / "make_params.py").is_file():
        pytest.skip(f"no shared data in {shared}; name the folder in INSTSEG_REFERENCE_DIR")
    source = official_folder("Mask-RT-DETR-L", PIR, calm=True, shared=shared, made_in=tmp_path)
    folder = import_model(source.path, tmp_path / "networks")
    [network] = networks(folder)
    spec = read_manifest(folder)["preprocess"]
    for photo in (data.astronaut(), data.coffee()):
        feeds = {"image": _core.preprocess(photo, color="rgb", spec=spec)[None]}
        apart = stage_differences(
            folder, network, feeds, tmp_path, ends=every_fourth_product, run=sdk_in_bf16
        )
        whole = stage_differences(folder, network, feeds, tmp_path, ends=layers, run=sdk_in_bf16)
        worst = sorted(apart.items(), key=lambda item: -item[1])[:5]
        print(f"\n{worst[0][1]:.1e} four products at a time, {max(whole.values()):.1e} each layer")
        assert 1e-3 < worst[0][1] <= TOLERANCE, worst
