"""inference.yml and infer_cfg.yml: what is read, and what is refused."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from instseg.errors import ModelError
from instseg.importer import inference_config
from instseg.importer.inference_config import InferenceConfig, read_inference_config

CONFIG: dict[str, Any] = {
    "mode": "paddle",
    "draw_threshold": 0.5,
    "metric": "COCO",
    "Global": {"model_name": "Mask-RT-DETR-S"},
    "arch": "DETR",
    "min_subgraph_size": 3,
    "mask": True,
    "Preprocess": [
        {"type": "Resize", "target_size": [640, 480], "keep_ratio": False, "interp": 2},
        {"type": "NormalizeImage", "mean": [0.1, 0, 0.3], "std": [1, 0.5, 2.0], "is_scale": True},
        {"type": "Permute"},
    ],
    "label_list": ["person", "car"],
}
REMOVED = object()


def changed(*path: Any, to: Any) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(yaml.safe_dump(CONFIG))
    target: Any = config
    for key in path[:-1]:
        target = target[key]
    if to is REMOVED:
        del target[path[-1]]
    else:
        target[path[-1]] = to
    return config


def read(folder: Path, config: dict[str, Any] | str) -> InferenceConfig:
    text = config if isinstance(config, str) else yaml.safe_dump(config, sort_keys=False)
    (folder / "inference.yml").write_text(text, encoding="utf-8")
    return read_inference_config(folder / "inference.yml")


def test_reads_every_key_that_counts(tmp_path: Path) -> None:
    config = read(tmp_path, CONFIG)
    assert (config.arch, config.model_name) == ("DETR", "Mask-RT-DETR-S")
    assert config.class_names == ("person", "car")
    assert config.score_threshold == 0.5
    assert config.preprocess.to_json() == {
        "color": "rgb",
        "resize": {
            "height": 640,
            "width": 480,
            "keep_ratio": False,
            "interpolation": "bicubic",
        },
        "scale": 1 / 255,
        "mean": [0.1, 0, 0.3],
        "std": [1, 0.5, 2],
        "normalize_before_resize": False,
        "pad_stride": 1,
    }


def test_paddledetection_writes_no_name(tmp_path: Path) -> None:
    assert read(tmp_path, changed("Global", to=REMOVED)).model_name is None
    assert read(tmp_path, changed("Global", to={})).model_name is None


def test_what_is_absent_has_paddlex_defaults(tmp_path: Path) -> None:
    config = changed("Preprocess", 0, to={"type": "Resize", "target_size": 320})
    config["Preprocess"][1] = {"type": "NormalizeImage", "mean": [0, 0, 0], "std": [1, 1, 1]}
    del config["draw_threshold"]
    found = read(tmp_path, config)
    assert found.score_threshold == 0.5
    size = found.preprocess
    assert (size.height, size.width, size.keep_ratio) == (320, 320, True)
    assert (size.interpolation, size.scale) == ("bilinear", 1 / 255)


def test_order_and_padding_of_solov2(tmp_path: Path) -> None:
    resize, normalize, permute = CONFIG["Preprocess"]
    steps = [normalize, {**resize, "interp": 1}, permute, {"type": "PadStride", "stride": 32}]
    found = read(tmp_path, changed("Preprocess", to=steps)).preprocess
    assert (found.normalize_before_resize, found.pad_stride) == (True, 32)
    for stride in (-1, 0):  # MaskRCNN-ResNet50 says -1 for none
        steps[3] = {"type": "PadStride", "stride": stride}
        assert read(tmp_path, changed("Preprocess", to=steps)).preprocess.pad_stride == 1


@pytest.mark.parametrize(
    ("norm_type", "mean"), [("mean_std", (0.1, 0, 0.3)), ("none", (0.1, 0, 0.3)), ("x", (0, 0, 0))]
)
def test_norm_type(norm_type: str, mean: tuple[float, ...], tmp_path: Path) -> None:
    """As PaddleX: "none" and nothing mean mean_std, all else means identity."""
    config = changed("Preprocess", 1, "norm_type", to=norm_type)
    assert read(tmp_path, config).preprocess.mean == mean


def test_class_names_are_read_as_they_are_spelled(tmp_path: Path) -> None:
    names = ["no", "1e3", "0x10", "2001-99-99", "=", "~", "1:1:1", "null", "null", "café", "12"]
    text = yaml.safe_dump(changed("label_list", to=REMOVED))
    text += "label_list: [" + ", ".join(names) + "]\n"
    assert read(tmp_path, text).class_names == tuple(names)


def test_aliases_as_paddlex_writes_them(tmp_path: Path) -> None:
    shapes = [[1, 3, 640, 640], [8, 3, 640, 640]]
    config = {**CONFIG, "Hpi": {"a": shapes, "b": shapes, "c": shapes}}
    text = yaml.safe_dump(config)
    assert "*id001" in text
    assert read(tmp_path, text).arch == "DETR"


def test_numeric_model_name_is_a_text(tmp_path: Path) -> None:
    assert read(tmp_path, changed("Global", "model_name", to=2024)).model_name == "2024"


BROKEN: dict[str, tuple[dict[str, Any] | str, str]] = {
    "no arch": (changed("arch", to=REMOVED), "'arch' or 'Preprocess' is missing"),
    "no Preprocess": (changed("Preprocess", to=REMOVED), "'arch' or 'Preprocess' is missing"),
    "arch is a list": (changed("arch", to=["DETR"]), r"arch is \['DETR'\], not a text"),
    "arch is a number": (changed("arch", to=5), "arch is 5, not a text"),
    "model name is a list": (
        changed("Global", "model_name", to=[1]),
        r"model_name is \[1\], not a",
    ),
    "threshold is a text": (changed("draw_threshold", to="high"), "'high' is not a number"),
    "threshold is true": (changed("draw_threshold", to=True), "True is not a number"),
    "threshold above 1": (changed("draw_threshold", to=1.5), "1.5 is not in 0..1"),
    "threshold is nan": (changed("draw_threshold", to=float("nan")), "nan is not a number"),
    "threshold of 3000 bits": (
        changed("draw_threshold", to=1 << 3000),
        "draw_threshold <a whole number of 3001 bits> is not a number",
    ),
    "Preprocess is a mapping": (changed("Preprocess", to={"a": 1}), "is no list of steps"),
    "a step is a text": (changed("Preprocess", 2, to="Permute"), "is no list of steps"),
    "a step without type": (changed("Preprocess", 2, to={}), "None, not a text"),
    "an unknown step": (
        changed("Preprocess", 2, "type", to="WarpAffine"),
        "'WarpAffine' is not su",
    ),
    "no Resize": (changed("Preprocess", 0, to=REMOVED), "'Resize' is missing"),
    "no NormalizeImage": (changed("Preprocess", 1, to=REMOVED), "'NormalizeImage' is missing"),
    "no Permute": (changed("Preprocess", 2, to=REMOVED), "'Permute' is missing"),
    "two Permutes": (
        changed("Preprocess", to=[*CONFIG["Preprocess"], {"type": "Permute"}]),
        "more",
    ),
    "interp 3": (changed("Preprocess", 0, "interp", to=3), "interpolation 3 is not supported"),
    "interp is a list": (changed("Preprocess", 0, "interp", to=[1]), r"interpolation \[1\] is not"),
    "interp is true": (changed("Preprocess", 0, "interp", to=True), "interpolation True is not"),
    "keep_ratio is a text": (
        changed("Preprocess", 0, "keep_ratio", to="false"),
        "keep_ratio 'false' is neither true nor false",
    ),
    "is_scale is 2": (changed("Preprocess", 1, "is_scale", to=2), "2 is neither true nor false"),
    "no size": (changed("Preprocess", 0, "target_size", to=REMOVED), "target_size None is not"),
    "size 0": (changed("Preprocess", 0, "target_size", to=[0, 640]), r"\[0, 640\] is not \[height"),
    "size below 0": (changed("Preprocess", 0, "target_size", to=-640), "-640.* is not"),
    "a gigantic size": (
        changed("Preprocess", 0, "target_size", to=[20000, 20000]),
        "at most 16384",
    ),
    "a fractional size": (changed("Preprocess", 0, "target_size", to=[640.0, 640]), "is not"),
    "three sizes": (changed("Preprocess", 0, "target_size", to=[1, 2, 3]), "is not"),
    "no mean": (changed("Preprocess", 1, "mean", to=REMOVED), "mean None is not a list of 3"),
    "two means": (changed("Preprocess", 1, "mean", to=[0, 0]), "is not a list of 3 numbers"),
    "a mean of texts": (changed("Preprocess", 1, "mean", to=["a", 0, 0]), "mean 'a' is not"),
    "a mean without end": (changed("Preprocess", 1, "mean", to=[float("inf"), 0, 0]), "inf is not"),
    "std 0": (changed("Preprocess", 1, "std", to=[1, 0, 1]), "numbers that are not positive"),
    "stride is a text": (
        changed("Preprocess", to=[*CONFIG["Preprocess"], {"type": "PadStride", "stride": "32"}]),
        "stride '32' is not a valid number",
    ),
    "stride of 2**40": (
        changed("Preprocess", to=[*CONFIG["Preprocess"], {"type": "PadStride", "stride": 1 << 40}]),
        "is not a valid number",
    ),
    "no classes": (changed("label_list", to=REMOVED), "label_list is missing, empty or no list"),
    "empty classes": (changed("label_list", to=[]), "label_list is missing, empty or no list"),
    "classes are a text": (
        changed("label_list", to="person"),
        "label_list is missing, empty or no",
    ),
    "a class is a list": (
        changed("label_list", to=["a", ["b"]]),
        "label_list is missing, empty or",
    ),
    "a class is half a surrogate pair": (
        yaml.safe_dump(changed("label_list", to=REMOVED)) + 'label_list: ["\\ud800"]\n',
        "label_list is|no valid YAML",
    ),
    "a class of a megabyte": (changed("label_list", to=["x" * 2000]), "a text of 2000 characters"),
    "empty": ("", "is no mapping"),
    "a list": ("- a\n", "is no mapping"),
    "a number": ("7", "is no mapping"),
    "no YAML": ("a: [", "is no valid YAML"),
    "tabs": ("a:\n\t- b", "is no valid YAML"),
    "two documents": ("a: 1\n---\nb: 2\n", "is no valid YAML"),
    "Python objects": ("arch: !!python/object/apply:os.system [ls]\nPreprocess: []", "no valid YA"),
    "a NUL": ("arch: \0", "is no valid YAML"),
    "merge keys": ("a: &a {b: 1}\nc:\n  <<: *a\n", "merge keys are not accepted"),
    "levels without end": ("a: " + "[" * 200, "more than 64 aliases or 32 levels"),
    "mappings without end": ("".join(" " * n + "a:\n" for n in range(200)), "or 32 levels"),
    "aliases without end": ("a: &a x\nb: [" + "*a, " * 100 + "]", "more than 64 aliases"),
    "an unknown alias": ("arch: *a", "is no valid YAML"),
    "!!int of nothing": ("arch: DETR\nPreprocess: !!int ''", "is no valid YAML"),
    "!!float of nothing": ("arch: DETR\nPreprocess: !!float ''", "is no valid YAML"),
    "!!bool of a word": ("arch: DETR\nPreprocess: !!bool perhaps", "is no valid YAML"),
    "!!timestamp of a word": ("arch: DETR\nPreprocess: !!timestamp now", "is no valid YAML"),
    "an impossible date": ("arch: DETR\nPreprocess: 2001-99-99", "is no valid YAML"),
    "sixties without end": (
        "arch: DETR\nPreprocess: []\ndraw_threshold: 1" + ":1" * 300 + ".5",
        "is no valid YAML",
    ),
    "a list as a key": ("arch: DETR\nPreprocess: {? [a] : b}", "is no valid YAML"),
}


@pytest.mark.parametrize("loader", [inference_config.LOADER, yaml.SafeLoader], ids=["C", "Python"])
@pytest.mark.parametrize("name", BROKEN)
def test_damaged_configuration_is_refused(
    name: str, loader: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With libyaml, and with the loader that takes its place where there is none."""
    monkeypatch.setattr(inference_config, "LOADER", loader)
    config, message = BROKEN[name]
    with pytest.raises(ModelError, match=message) as caught:
        read(tmp_path, config)
    assert str(tmp_path / "inference.yml") in str(caught.value)
    assert len(str(caught.value)) < 1000 + len(str(tmp_path))


@pytest.mark.parametrize("key", ["arch", "draw_threshold", "target_size", "mean", "interp", "type"])
def test_doubling_aliases_are_never_written_out(key: str, tmp_path: Path) -> None:
    """30 levels of two aliases each are 60 aliases, and a billion members in a message."""
    lines = ["L0: &l0 [x, x]"] + [f"L{n}: &l{n} [*l{n - 1}, *l{n - 1}]" for n in range(1, 30)]
    text = yaml.safe_dump(CONFIG, default_flow_style=False, sort_keys=False)
    marked = {
        "arch": ("arch: DETR", "arch: *l29"),
        "draw_threshold": ("draw_threshold: 0.5", "draw_threshold: *l29"),
        "target_size": ("target_size:\n  - 640\n  - 480", "target_size: *l29"),
        "mean": ("mean:\n  - 0.1\n  - 0\n  - 0.3", "mean: [*l29, *l29, 0]"),
        "interp": ("interp: 2", "interp: *l29"),
        "type": ("type: Permute", "type: *l29"),
    }
    assert marked[key][0] in text
    text = text.replace(*marked[key])
    with pytest.raises(ModelError) as caught:
        read(tmp_path, "\n".join(lines) + "\n" + text)
    assert len(str(caught.value)) < 1000 + len(str(tmp_path))


def test_list_that_holds_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a text"):
        read(tmp_path, "arch: &a [*a]\nPreprocess: []\n")


def test_too_many_classes_are_refused_in_bounded_time(tmp_path: Path) -> None:
    text = yaml.safe_dump(changed("label_list", to=REMOVED))
    text += "label_list:\n" + "- a\n" * 100_001
    began = time.process_time()
    with pytest.raises(ModelError, match="label_list"):
        read(tmp_path, text)
    assert time.process_time() - began < 30


def test_huge_file_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "inference.yml").open("wb") as file:
        file.truncate(2 << 20)
    with pytest.raises(ModelError, match="larger than the 1048576 bytes"):
        read_inference_config(tmp_path / "inference.yml")


def test_missing_or_undecodable_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        read_inference_config(tmp_path / "inference.yml")
    (tmp_path / "inference.yml").write_bytes(b"arch: \xff\xfe")
    with pytest.raises(ModelError, match="no valid YAML"):
        read_inference_config(tmp_path / "inference.yml")


@pytest.mark.parametrize("name", ["inference.yml", "infer_cfg.yml"])
def test_official_configurations(name: str, reference_dir: Path) -> None:
    """All 15, as PaddleX and as PaddleDetection write them."""
    found = {
        folder.name: read_inference_config(folder / name)
        for folder in (reference_dir / "official").iterdir()
        if folder.is_dir()
    }
    assert len(found) == 15
    for model, config in found.items():
        assert config.model_name == (model if name == "inference.yml" else None)
        assert len(config.class_names) == 80
