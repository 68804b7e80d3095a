"""Reads `inference.yml` (PaddleX) or `infer_cfg.yml` (PaddleDetection): classes, preprocessing.

Keys that count: arch, Global.model_name, Preprocess, draw_threshold, label_list. The rest belongs
to Paddle's engines. YAML aliases are allowed (PaddleX writes some), merge keys and floods of them
not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from instseg.errors import ModelError

from . import limits
from .brief import brief
from .ir.graph import MALFORMED
from .read_bytes import read_bytes

KEYS = ("Global", "Preprocess", "arch", "draw_threshold")
"""Besides `label_list`, whose members are taken as they are spelled."""
MAX_ALIASES = 64
MAX_DEPTH = 32
MAX_NUMBER = 1e9
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is some 20 times faster
INTERPOLATIONS = {0: "nearest", 1: "bilinear", 2: "bicubic"}
"""OpenCV's numbers; 3 (area) and 4 (Lanczos) are not supported."""


@dataclass(frozen=True)
class Preprocess:
    """From a picture to the network's input: value = (pixel * scale - mean) / std, RGB.

    height, width  of the network's input; with keep_ratio the short and long side allowed
    pad_stride     height and width are padded with zeros to a multiple of this; 1: not at all
    """

    height: int
    width: int
    keep_ratio: bool
    interpolation: str
    scale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    normalize_before_resize: bool
    pad_stride: int

    def to_json(self) -> dict[str, Any]:
        """The `preprocess` object of `instseg.json`."""
        return {
            "color": "rgb",
            "resize": {
                "height": self.height,
                "width": self.width,
                "keep_ratio": self.keep_ratio,
                "interpolation": self.interpolation,
            },
            "scale": self.scale,
            "mean": list(self.mean),
            "std": list(self.std),
            "normalize_before_resize": self.normalize_before_resize,
            "pad_stride": self.pad_stride,
        }


@dataclass(frozen=True)
class InferenceConfig:
    arch: str
    model_name: str | None
    class_names: tuple[str, ...]
    score_threshold: float
    preprocess: Preprocess


def read_inference_config(path: Path) -> InferenceConfig:
    """Raises ModelError where the file is missing, damaged, hostile or not understood."""
    config, node = _yaml(path)
    if "Preprocess" not in config or "arch" not in config:
        raise ModelError(f"{path} is no inference configuration: 'arch' or 'Preprocess' is missing")
    section = config.get("Global")
    name = section.get("model_name") if isinstance(section, dict) else None
    threshold = _number(config.get("draw_threshold", 0.5), f"{path}: draw_threshold")
    if not 0 <= threshold <= 1:
        raise ModelError(f"{path}: draw_threshold {threshold} is not in 0..1")
    return InferenceConfig(
        arch=_name(config["arch"], f"{path}: arch"),
        model_name=_name(str(name) if type(name) in (int, float) else name, f"{path}: model_name")
        if name
        else None,
        class_names=_class_names(node, path),
        score_threshold=threshold,
        preprocess=_preprocess(config["Preprocess"], path),
    )


def _yaml(path: Path) -> tuple[dict[Any, Any], yaml.MappingNode]:
    """The values of KEYS, and the nodes of the whole file."""
    raw = read_bytes(path, limits.MAX_CONFIG_BYTES)
    try:
        text = raw.decode("utf-8")
        _refuse_bombs(text, path)
        loader = LOADER(text)
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            raise ModelError(f"{path} is no mapping of keys to values")
        counting = [pair for pair in root.value if pair[0].value in KEYS]
        return loader.construct_document(yaml.MappingNode(root.tag, counting)), root
    except (yaml.YAMLError, RecursionError, *MALFORMED) as error:
        raise ModelError(f"{path} is no valid YAML: {error}") from None


def _refuse_bombs(text: str, path: Path) -> None:
    aliases = depth = 0
    for event in yaml.parse(text, LOADER):
        if isinstance(event, yaml.AliasEvent):
            aliases += 1
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.ScalarEvent) and event.value == "<<":
            raise ModelError(f"{path}: YAML merge keys are not accepted")
        elif isinstance(event, yaml.ScalarEvent) and len(event.value) > limits.MAX_NAME_LENGTH:
            raise ModelError(f"{path} has a text of {len(event.value)} characters: not accepted")
        if aliases > MAX_ALIASES or depth > MAX_DEPTH:
            raise ModelError(
                f"{path} has more than {MAX_ALIASES} aliases or {MAX_DEPTH} levels: not accepted"
            )


def _class_names(root: yaml.MappingNode, path: Path) -> tuple[str, ...]:
    """The names as they are spelled: YAML would read `no` as false and `1e3` as a number."""
    for key, value in root.value:
        if key.value == "label_list" and isinstance(value, yaml.SequenceNode):
            names = [item.value for item in value.value if isinstance(item, yaml.ScalarNode)]
            if len(names) != len(value.value) or not 0 < len(names) <= limits.MAX_CLASSES:
                break
            return tuple(_name(name, f"{path}: label_list") for name in names)
    raise ModelError(f"{path}: label_list is missing, empty or no list of names")


def _preprocess(steps: Any, path: Path) -> Preprocess:
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise ModelError(f"{path}: Preprocess is no list of steps")
    kinds = [_name(step.get("type"), f"{path}: type of a preprocessing step") for step in steps]
    known = ("Resize", "NormalizeImage", "Permute", "PadStride")
    for kind in kinds:
        if kind not in known:
            raise ModelError(
                f"{path}: preprocessing step {kind!r} is not supported; supported are {known}"
            )
        if kinds.count(kind) > 1:
            raise ModelError(f"{path}: preprocessing step {kind!r} appears more than once")
    for kind in known[:3]:
        if kind not in kinds:
            raise ModelError(f"{path}: preprocessing step {kind!r} is missing")
    by_kind = dict(zip(kinds, steps, strict=True))
    resize, normalize = by_kind["Resize"], by_kind["NormalizeImage"]
    height, width = _target_size(resize.get("target_size"), path)
    interpolation = resize.get("interp", 1)
    if type(interpolation) is not int or interpolation not in INTERPOLATIONS:
        raise ModelError(
            f"{path}: interpolation {brief(interpolation)} is not supported; "
            f"supported are {INTERPOLATIONS}"
        )
    identity = normalize.get("norm_type") not in (None, "none", "mean_std")
    stride = by_kind.get("PadStride", {}).get("stride", 0)
    if type(stride) is not int or not -1 <= stride <= limits.MAX_NETWORK_SIDE:
        raise ModelError(f"{path}: PadStride's stride {brief(stride)} is not a valid number")
    return Preprocess(
        height=height,
        width=width,
        keep_ratio=_flag(resize, "keep_ratio", path),
        interpolation=INTERPOLATIONS[interpolation],
        scale=1.0 / 255.0 if _flag(normalize, "is_scale", path) else 1.0,
        mean=(0.0, 0.0, 0.0) if identity else _triple(normalize.get("mean"), f"{path}: mean"),
        std=(1.0, 1.0, 1.0) if identity else _triple(normalize.get("std"), f"{path}: std", True),
        normalize_before_resize=kinds.index("NormalizeImage") < kinds.index("Resize"),
        pad_stride=max(stride, 1),
    )


def _target_size(value: Any, path: Path) -> tuple[int, int]:
    sizes = [value, value] if type(value) is int else value
    if (
        not isinstance(sizes, list)
        or len(sizes) != 2
        or not all(type(size) is int and 0 < size <= limits.MAX_NETWORK_SIDE for size in sizes)
    ):
        raise ModelError(
            f"{path}: target_size {brief(value)} is not [height, width] of at most "
            f"{limits.MAX_NETWORK_SIDE} pixels"
        )
    return sizes[0], sizes[1]


def _triple(value: Any, what: str, positive: bool = False) -> tuple[float, float, float]:
    if not isinstance(value, list) or len(value) != 3:
        raise ModelError(f"{what} {brief(value)} is not a list of 3 numbers")
    a, b, c = (_number(number, what) for number in value)
    if positive and min(a, b, c) <= 0:
        raise ModelError(f"{what} {brief(value)} has numbers that are not positive")
    return a, b, c


def _number(value: Any, what: str) -> float:
    if type(value) not in (int, float) or not abs(value) <= MAX_NUMBER:
        raise ModelError(f"{what} {brief(value)} is not a number of at most {MAX_NUMBER:g}")
    return float(value)


def _flag(step: dict[Any, Any], key: str, path: Path) -> bool:
    """True where it is absent, as in PaddleX."""
    value = step.get(key, True)
    if value not in (0, 1) or not isinstance(value, int):
        raise ModelError(f"{path}: {key} {brief(value)} is neither true nor false")
    return bool(value)


def _name(value: Any, what: str) -> str:
    """Text that can be written again: YAML's escapes can spell half a surrogate pair."""
    if not isinstance(value, str) or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ModelError(f"{what} is {brief(value)}, not a text")
    return value
