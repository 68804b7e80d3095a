"""Slow, plain versions of what Paddle's operators compute, in float64 loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Pads = tuple[tuple[int, int], tuple[int, int]]


def conv2d(
    x: Array,
    weight: Array,
    stride: tuple[int, int] = (1, 1),
    pads: Pads = ((0, 0), (0, 0)),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> Array:
    """x [N, C, H, W], weight [O, C / groups, h, w]."""
    x = np.pad(x.astype(np.float64), ((0, 0), (0, 0), *pads))
    outputs, per_group, kh, kw = weight.shape
    height = (x.shape[2] - dilation[0] * (kh - 1) - 1) // stride[0] + 1
    width = (x.shape[3] - dilation[1] * (kw - 1) - 1) // stride[1] + 1
    out = np.zeros((x.shape[0], outputs, height, width))
    for o in range(outputs):
        first = o // (outputs // groups) * per_group
        for i in range(height):
            for j in range(width):
                top, left = i * stride[0], j * stride[1]
                bottom, right = top + dilation[0] * (kh - 1) + 1, left + dilation[1] * (kw - 1) + 1
                window = x[
                    :,
                    first : first + per_group,
                    top : bottom : dilation[0],
                    left : right : dilation[1],
                ]
                out[:, o, i, j] = (window * weight[o]).sum((1, 2, 3))
    return out


def conv2d_transpose(
    x: Array,
    weight: Array,
    stride: tuple[int, int] = (1, 1),
    pads: Pads = ((0, 0), (0, 0)),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> Array:
    """x [N, C, H, W], weight [C, O / groups, h, w]; a negative padding adds rows of zeros."""
    images, channels, height, width = x.shape
    _, per_group, kh, kw = weight.shape
    full = (
        (height - 1) * stride[0] + dilation[0] * (kh - 1) + 1,
        (width - 1) * stride[1] + dilation[1] * (kw - 1) + 1,
    )
    out = np.zeros((images, per_group * groups, *full))
    for c in range(channels):
        first = c // (channels // groups) * per_group
        for i in range(height):
            for j in range(width):
                top, left = i * stride[0], j * stride[1]
                out[
                    :,
                    first : first + per_group,
                    top : top + dilation[0] * (kh - 1) + 1 : dilation[0],
                    left : left + dilation[1] * (kw - 1) + 1 : dilation[1],
                ] += x[:, c, i, j, None, None, None].astype(np.float64) * weight[c]
    added = [(0, 0), (0, 0), *((0, max(-after, 0)) for _, after in pads)]
    cut = [
        slice(before, size - max(after, 0))
        for size, (before, after) in zip(full, pads, strict=True)
    ]
    return np.pad(out[:, :, cut[0], cut[1]], added)


def pool2d(
    x: Array, kernel: int, stride: int, pads: Pads, kind: str, *, exclusive: bool, ceil: bool
) -> Array:
    """Windows are cut off at the border of the padded picture; maxima never see the padding."""
    n, c, h, w = x.shape

    def count(size: int, pad: tuple[int, int]) -> int:
        room = size + sum(pad) - kernel
        return (-(-room // stride) if ceil else room // stride) + 1

    out = np.zeros((n, c, count(h, pads[0]), count(w, pads[1])))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            top, left = i * stride - pads[0][0], j * stride - pads[1][0]
            bottom, right = min(top + kernel, h + pads[0][1]), min(left + kernel, w + pads[1][1])
            inside = x[:, :, max(top, 0) : min(bottom, h), max(left, 0) : min(right, w)]
            if kind == "max":
                out[:, :, i, j] = inside.max((2, 3))
            else:
                area = (bottom - top) * (right - left)
                divisor = inside.shape[2] * inside.shape[3] if exclusive else area
                out[:, :, i, j] = inside.sum((2, 3)) / divisor
    return out


def interpolate(
    x: Array,
    height: int,
    width: int,
    mode: str,
    *,
    align_corners: bool,
    align_mode: int,
    ratios: tuple[float, float] | None = None,
) -> Array:
    """Paddle's nearest and bilinear; ratios: input steps over output steps, if a scale is given."""

    def position(i: int, size: int, out: int, ratio: float | None) -> float:
        if align_corners:
            return i * (size - 1) / max(out - 1, 1)
        step = ratio if ratio is not None else size / out
        if mode == "nearest":
            return float(int(i * step))
        if align_mode == 0:
            return max((i + 0.5) * step - 0.5, 0.0)
        return i * step

    h, w = x.shape[2:]
    out = np.zeros((*x.shape[:2], height, width))
    for i in range(height):
        y = position(i, h, height, ratios[0] if ratios else None)
        for j in range(width):
            z = position(j, w, width, ratios[1] if ratios else None)
            y0, z0 = min(int(y), h - 1), min(int(z), w - 1)
            y1, z1 = min(y0 + 1, h - 1), min(z0 + 1, w - 1)
            dy, dz = (y - y0, z - z0) if mode == "bilinear" else (0.0, 0.0)
            top = x[:, :, y0, z0] * (1 - dz) + x[:, :, y0, z1] * dz
            bottom = x[:, :, y1, z0] * (1 - dz) + x[:, :, y1, z1] * dz
            out[:, :, i, j] = top * (1 - dy) + bottom * dy
    return out


def grid_sample(x: Array, grid: Array, *, align_corners: bool) -> Array:
    """Bilinear; what lies outside is zero. grid [N, h, w, 2] holds x, y in -1..1."""
    n, c, h, w = x.shape
    out = np.zeros((n, c, *grid.shape[1:3]))
    for b in range(n):
        for i in range(grid.shape[1]):
            for j in range(grid.shape[2]):
                gx, gy = (float(v) for v in grid[b, i, j])
                if align_corners:
                    px, py = (gx + 1) / 2 * (w - 1), (gy + 1) / 2 * (h - 1)
                else:
                    px, py = ((gx + 1) * w - 1) / 2, ((gy + 1) * h - 1) / 2
                x0, y0 = int(np.floor(px)), int(np.floor(py))
                for yy in (y0, y0 + 1):
                    for xx in (x0, x0 + 1):
                        if 0 <= yy < h and 0 <= xx < w:
                            weight = (1 - abs(px - xx)) * (1 - abs(py - yy))
                            out[b, :, i, j] += weight * x[b, :, yy, xx]
    return out


def batch_norm(x: Array, mean: Array, variance: Array, gamma: Array, beta: Array) -> Array:
    shape = (1, -1, 1, 1)
    normal = (x - mean.reshape(shape)) / np.sqrt(variance.reshape(shape) + 1e-5)
    return np.asarray(normal * gamma.reshape(shape) + beta.reshape(shape))


def group_norm(x: Array, groups: int, epsilon: float, gamma: Array, beta: Array) -> Array:
    grouped = x.astype(np.float64).reshape(x.shape[0], groups, -1)
    centred = grouped - grouped.mean(-1, keepdims=True)
    normal = (centred / np.sqrt(grouped.var(-1, keepdims=True) + epsilon)).reshape(x.shape)
    return np.asarray(normal * gamma.reshape(1, -1, 1, 1) + beta.reshape(1, -1, 1, 1))


def layer_norm(x: Array, gamma: Array, beta: Array) -> Array:
    x = x.astype(np.float64)
    centred = x - x.mean(-1, keepdims=True)
    return np.asarray(centred / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * gamma + beta)
