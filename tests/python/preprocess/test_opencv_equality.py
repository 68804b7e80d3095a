"""Preprocessing against OpenCV and NumPy, as PaddleX uses them.

Bytes are equal, for nearest and bilinear always. Bicubic follows the order in which Intel IPP (in
OpenCV's x86-64 wheels, `cv2.ipp`) adds on processors with AVX2 and FMA: photos are equal there; of
images a few pixels wide or high, single values are one level apart. Where IPP may take other code:
at most 1 level apart, on 1e-4 of the values. OpenCV without IPP rounds bicubic weights
to 11 bits, which moves 4 % of the values by 1.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from instseg import _core

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

INTERPOLATIONS = {
    "nearest": cv2.INTER_NEAREST,
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
}
MEAN = [0.485, 0.456, 0.406]
STD = [0.229, 0.224, 0.225]

# Photo sizes and what the models make of them, then halves and doubles (ties), then thin images.
RESIZES = [
    ((1080, 1920), (640, 640)),
    ((480, 640), (640, 640)),
    ((300, 225), (640, 640)),
    ((3000, 4000), (640, 640)),
    ((1080, 1920), (750, 1333)),
    ((333, 501), (800, 1204)),
    ((1280, 1280), (640, 640)),
    ((720, 1280), (360, 640)),
    ((320, 320), (640, 640)),
    ((2560, 1920), (640, 480)),
    ((4, 4000), (640, 640)),
    ((4000, 5), (640, 640)),
    ((4, 4), (640, 640)),
]


def noise(seed: int, height: int, width: int, channels: int) -> Bytes:
    """uint8 [height, width] for one channel, else [height, width, channels]."""
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def bicubic_is_exact(image: Bytes) -> bool:
    """Whether OpenCV resizes this image in the order of operations that instseg follows."""
    return min(image.shape[:2]) >= 200 and cv2.ipp.useIPP() and _core.cpu_isa() == "avx2"


def check(image: Bytes, height: int, width: int, interpolation: str, most: float) -> None:
    """`most`: allowed part of values that are one level apart, where bicubic is not exact."""
    expected = cv2.resize(image, (width, height), interpolation=INTERPOLATIONS[interpolation])
    got = _core.resize(image, height, width, interpolation=interpolation)
    assert got.dtype == np.uint8
    assert got.reshape(expected.shape).shape == expected.shape
    levels = np.abs(got.reshape(expected.shape).astype(np.int16) - expected)
    if interpolation != "bicubic" or bicubic_is_exact(image):
        assert levels.max() == 0
        return
    if not cv2.ipp.useIPP():
        most = 0.06
    assert levels.max() <= 1
    assert np.count_nonzero(levels) <= most * levels.size


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize(("source", "size"), RESIZES)
def test_resize_at_real_sizes(
    source: tuple[int, int], size: tuple[int, int], interpolation: str, channels: int
) -> None:
    check(noise(1, *source, channels), *size, interpolation, most=1e-4)


@settings(deadline=None, max_examples=300)
@given(
    seed=st.integers(0, 2**32 - 1),
    source=st.tuples(st.integers(1, 130), st.integers(1, 130)),
    size=st.tuples(st.integers(1, 130), st.integers(1, 130)),
    channels=st.sampled_from([1, 3, 4]),
    interpolation=st.sampled_from(sorted(INTERPOLATIONS)),
)
def test_resize_at_any_size(
    seed: int, source: tuple[int, int], size: tuple[int, int], channels: int, interpolation: str
) -> None:
    # Two values more than one in a thousand: a result can be a few pixels large.
    allowed = 1e-3 + 2 / (size[0] * size[1] * channels)
    check(noise(seed, *source, channels), *size, interpolation, most=allowed)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("pattern", ["rows", "columns", "ramp", "blocks"])
def test_resize_of_drawn_pictures(pattern: str, interpolation: str) -> None:
    """Flat areas, stripes and edges make exact halves, which go to the even level."""
    height, width = 720, 1280
    picture: Bytes
    if pattern == "rows":
        picture = np.broadcast_to(noise(2, height, 1, 3), (height, width, 3)).copy()
    elif pattern == "columns":
        picture = np.broadcast_to(noise(2, 1, width, 3), (height, width, 3)).copy()
    elif pattern == "ramp":
        ramp = np.add.outer(np.arange(height), np.arange(width)).astype(np.uint8)
        picture = np.repeat(ramp[:, :, None], 3, axis=2)
    else:
        small = (noise(2, 90, 160, 3) > 127).astype(np.uint8) * np.uint8(255)
        picture = small.repeat(8, axis=0).repeat(8, axis=1)
    for size in [(640, 640), (360, 640), (480, 640), (1440, 2560)]:
        check(picture, *size, interpolation, most=1e-3)


def test_resize_reads_strided_rows() -> None:
    wide = noise(3, 90, 140, 3)
    cut = wide[5:80, 7:120]
    for interpolation in INTERPOLATIONS:
        check(cut, 64, 50, interpolation, most=1e-3)


def spec(height: int, width: int, **changes: Any) -> dict[str, Any]:
    """`preprocess` of an instseg.json; as Mask-RT-DETR's unless changed."""
    resize = {"height": height, "width": width, "keep_ratio": False, "interpolation": "bicubic"}
    resize |= {key: changes.pop(key) for key in list(changes) if key in resize}
    return {
        "color": "rgb",
        "resize": resize,
        "scale": 1 / 255,
        "mean": [0.0, 0.0, 0.0],
        "std": [1.0, 1.0, 1.0],
        "normalize_before_resize": False,
        "pad_stride": 1,
    } | changes


def paddlex(image: Bytes, spec: dict[str, Any]) -> Floats:
    """The steps of PaddleX on an image in the network's order of colours: float32 [3, H, W]."""
    resize = spec["resize"]
    interpolation = INTERPOLATIONS[resize["interpolation"]]

    def normalized(pixels: NDArray[Any]) -> Floats:
        planes = [plane.astype(np.float32) for plane in cv2.split(pixels)]
        for plane, mean, std in zip(planes, spec["mean"], spec["std"], strict=True):
            plane *= spec["scale"] / std
            plane += -mean / std
        return np.asarray(cv2.merge(planes), dtype=np.float32)

    def resized(pixels: NDArray[Any]) -> NDArray[Any]:
        height, width = pixels.shape[:2]
        target = [resize["width"], resize["height"]]
        if resize["keep_ratio"]:
            size = (width, height)
            factor = min(max(target) / max(size), min(target) / min(size))
            target = [round(side * factor) for side in size]
        if target == [width, height]:
            return pixels
        return np.asarray(cv2.resize(pixels, tuple(target), interpolation=interpolation))

    first = spec["normalize_before_resize"]
    pixels = resized(normalized(image)) if first else normalized(resized(image))
    height, width = pixels.shape[:2]
    stride = spec["pad_stride"]
    padded = np.zeros((3, -(-height // stride) * stride, -(-width // stride) * stride), np.float32)
    padded[:, :height, :width] = pixels.transpose(2, 0, 1)
    return padded


def check_bytes_path(image: Bytes, spec: dict[str, Any], color: str, rgb: Bytes) -> None:
    """One level apart is scale / std apart; elsewhere the float32 values are equal."""
    expected = paddlex(rgb if spec["color"] == "rgb" else rgb[:, :, ::-1], spec)
    got = _core.preprocess(image, color=color, spec=spec)
    assert got.dtype == np.float32
    assert got.shape == expected.shape
    different = got != expected
    most = 0.0
    if spec["resize"]["interpolation"] == "bicubic" and not bicubic_is_exact(rgb):
        most = 1e-4 if cv2.ipp.useIPP() else 0.06
    assert np.count_nonzero(different) <= most * got.size
    level = spec["scale"] / min(spec["std"])
    np.testing.assert_allclose(got, expected, rtol=0, atol=level * 1.001)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("network_color", ["rgb", "bgr"])
@pytest.mark.parametrize("color", ["bgr", "rgb", "gray", "bgra", "rgba"])
def test_preprocess_of_every_format(color: str, network_color: str, interpolation: str) -> None:
    channels = {"gray": 1, "bgr": 3, "rgb": 3, "bgra": 4, "rgba": 4}[color]
    image = noise(4, 270, 480, channels)
    rgb = image[:, :, None].repeat(3, axis=2) if color == "gray" else image[:, :, :3]
    if color.startswith("bgr"):
        rgb = rgb[:, :, ::-1]
    check_bytes_path(
        image,
        spec(320, 320, color=network_color, interpolation=interpolation, mean=MEAN, std=STD),
        color,
        np.ascontiguousarray(rgb),
    )


@pytest.mark.parametrize("size", [(1080, 1920), (480, 640), (640, 640), (225, 300)])
def test_preprocess_of_mask_rtdetr(size: tuple[int, int]) -> None:
    rgb = noise(5, *size, 3)
    check_bytes_path(rgb, spec(640, 640), "rgb", rgb)


@pytest.mark.parametrize("size", [(1080, 1920), (1920, 1080), (480, 640), (333, 501), (800, 1333)])
def test_preprocess_of_mask_rcnn(size: tuple[int, int]) -> None:
    rgb = noise(6, *size, 3)
    check_bytes_path(
        rgb, spec(800, 1333, keep_ratio=True, mean=MEAN, std=STD, pad_stride=32), "rgb", rgb
    )


@pytest.mark.parametrize("size", [(1080, 1920), (1920, 1080), (480, 640), (333, 501), (800, 1333)])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_preprocess_of_solov2(size: tuple[int, int], interpolation: str) -> None:
    """Float32 values are resized. They reach 4 in size, and both sides round some ten products and
    sums of such values to float32, 2.4e-7 each at the most; without IPP, OpenCV also rounds the
    coordinates of up to 1920 pixels to float32 (6e-5), which counts times the difference of
    neighbours (up to 5)."""
    rgb = noise(7, *size, 3)
    settings = spec(
        800,
        1333,
        keep_ratio=True,
        interpolation=interpolation,
        mean=MEAN,
        std=STD,
        normalize_before_resize=True,
        pad_stride=32,
    )
    got = _core.preprocess(rgb, color="rgb", spec=settings)
    tolerance = 2.4e-6 if cv2.ipp.useIPP() else 6e-4
    np.testing.assert_allclose(got, paddlex(rgb, settings), rtol=0, atol=tolerance)


@settings(deadline=None, max_examples=100)
@given(
    source=st.tuples(st.integers(20, 120), st.integers(20, 120)),
    target=st.tuples(st.integers(16, 120), st.integers(16, 120)),
    stride=st.sampled_from([1, 8, 32]),
)
def test_sizes_round_half_to_even(
    source: tuple[int, int], target: tuple[int, int], stride: int
) -> None:
    """Nearest neighbours are equal, so every size and place must be."""
    rgb = noise(8, *source, 3)
    settings = spec(*target, keep_ratio=True, interpolation="nearest", pad_stride=stride)
    check_bytes_path(rgb, settings, "rgb", rgb)


def test_sizes_of_exact_halves() -> None:
    for side, expected in [(25, 12), (27, 14), (29, 14), (31, 16)]:
        got = _core.preprocess(
            noise(9, 100, side, 3), color="rgb", spec=spec(50, 50, keep_ratio=True)
        )
        assert got.shape == (3, 50, expected)
