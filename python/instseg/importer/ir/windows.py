"""Sizes and paddings of convolution and pooling windows, as Paddle defines them."""

from __future__ import annotations

from instseg.errors import ModelError

from .dims import Dim, Symbol
from .graph import Node


def paddings(node: Node, sizes: list[Dim], kernel: list[int]) -> list[tuple[int, int]]:
    """(before, after) per spatial axis.

    EXPLICIT takes the attribute (one number per axis, or two), VALID none, and SAME as many as
    make the output ceil(size / stride) long, the odd one after; SAME also sets dilations to 1.
    """
    algorithm = node.attrs.get("padding_algorithm", "EXPLICIT")
    if algorithm == "VALID":
        return [(0, 0)] * len(kernel)
    if algorithm == "SAME":
        result = []
        for size, k, stride in zip(sizes, kernel, node.attrs["strides"], strict=True):
            if not isinstance(size, int):
                if stride != 1:
                    raise ModelError("padding SAME with a stride needs a fixed input size")
                size = k  # with stride 1 the padding does not depend on the size
            total = max((-(-size // stride) - 1) * stride + k - size, 0)
            result.append((total // 2, total - total // 2))
        return result
    if algorithm != "EXPLICIT":
        raise ModelError(f"padding algorithm {algorithm!r} is not supported")
    given = [int(pad) for pad in node.attrs["paddings"]]
    if len(given) == len(kernel):
        pairs = [(pad, pad) for pad in given]
    elif len(given) == 2 * len(kernel):
        pairs = list(zip(given[::2], given[1::2], strict=True))
    else:
        raise ModelError(f"{len(given)} paddings for {len(kernel)} axes")
    if any(not 0 <= pad <= 1 << 16 for pair in pairs for pad in pair):
        raise ModelError(f"paddings {pairs} are not valid")
    return pairs


def dilations(node: Node, rank: int) -> list[int]:
    if node.attrs.get("padding_algorithm") == "SAME":
        return [1] * rank
    return [int(dilation) for dilation in node.attrs.get("dilations", [1] * rank)]


def extra_rows(node: Node) -> list[int]:
    """Rows and columns that a transposed convolution adds at the end (`output_padding`)."""
    if node.attrs.get("padding_algorithm", "EXPLICIT") == "SAME":
        raise ModelError("padding SAME of a transposed convolution is not supported")
    size = node.optional(2)
    if size is not None and size.shape != (0,):
        raise ModelError("a transposed convolution with an output size of its own is not supported")
    given = [int(rows) for rows in node.attrs.get("output_padding") or [0, 0]]
    return given * 2 if len(given) == 1 else given


def window_count(
    size: Dim, kernel: int, stride: int, pad: tuple[int, int], dilation: int, ceil_mode: bool
) -> Dim:
    """How many windows fit one axis: the output's size there."""
    if not all(type(n) is int and n >= 1 for n in (kernel, stride, dilation)):
        raise ModelError(f"kernel {kernel}, stride {stride}, dilation {dilation} are not valid")
    extent = dilation * (kernel - 1) + 1
    if not isinstance(size, int):
        if stride == 1 and sum(pad) == extent - 1:
            return size
        rounding = "ceil" if ceil_mode else "floor"
        return Symbol(f"{rounding}(({size}+{sum(pad) - extent})/{stride})+1")
    room = size + sum(pad) - extent
    if room < 0:
        raise ModelError(f"a window of {extent} does not fit {size} pixels padded by {pad}")
    return (-(-room // stride) if ceil_mode else room // stride) + 1
