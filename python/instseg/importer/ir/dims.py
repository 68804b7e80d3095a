"""Sizes of tensors that may depend on the batch: an int, or a multiple of a symbol."""

from __future__ import annotations

from dataclasses import dataclass

from instseg.errors import ModelError

from .. import limits
from ..brief import brief


@dataclass(frozen=True)
class Symbol:
    """`factor` times a size that is unknown until the network runs, such as N."""

    name: str
    factor: int = 1

    def __post_init__(self) -> None:
        """A hostile program could double the name with every operator."""
        if len(self.name) > limits.MAX_SYMBOL_LENGTH or abs(self.factor) >= 1 << 62:
            raise ModelError("a size depends on the input in a way that is too complicated")

    def __str__(self) -> str:
        return self.name if self.factor == 1 else f"{self.factor}*{self.name}"


Dim = int | Symbol
Shape = tuple[Dim, ...]


def multiply(a: Dim, b: Dim) -> Dim:
    """Product; of two symbols it is a symbol of its own, equal for equal operands."""
    if isinstance(a, int) and isinstance(b, int):
        return a * b
    if isinstance(a, int):
        a, b = b, a
    assert isinstance(a, Symbol)
    if isinstance(b, int):
        return 0 if b == 0 else Symbol(a.name, a.factor * b)
    names = sorted([a.name, b.name])
    return Symbol(f"({names[0]}*{names[1]})", a.factor * b.factor)


def divide(a: Dim, b: int) -> Dim | None:
    """a / b where that is a whole number for every value of the symbol, else None."""
    if b == 0:
        return None
    if isinstance(a, int):
        return a // b if a % b == 0 else None
    return Symbol(a.name, a.factor // b) if a.factor % b == 0 else None


def product(shape: Shape) -> Dim:
    result: Dim = 1
    for dim in shape:
        result = multiply(result, dim)
    return result


def broadcast(a: Shape, b: Shape) -> Shape:
    """NumPy broadcasting. A symbol is taken to differ from 1."""
    rank = max(len(a), len(b))
    a = (1,) * (rank - len(a)) + a
    b = (1,) * (rank - len(b)) + b
    out: list[Dim] = []
    for x, y in zip(a, b, strict=True):
        if x == y or y == 1:
            out.append(x)
        elif x == 1:
            out.append(y)
        elif isinstance(x, int) and isinstance(y, int):
            raise ModelError(f"shapes {text(a)} and {text(b)} do not broadcast")
        else:
            # One of the two is unknown; at run time they are equal (or the unknown one is 1).
            out.append(x if isinstance(x, int) else y)
    return tuple(out)


def reshape_target(x: Shape, out: Shape) -> list[int] | None:
    """The constant operand of a reshape from `x` to `out`: 0 copies a size, -1 is what is left.

    None where more than one open size is new: then the target has to be computed at run time.
    """
    target = [dim if isinstance(dim, int) else -1 for dim in out]
    open_axes = [axis for axis, dim in enumerate(out) if not isinstance(dim, int)]
    if len(open_axes) > 1:
        for axis in open_axes:
            if axis < len(x) and x[axis] == out[axis]:
                target[axis] = 0
    return target if target.count(-1) <= 1 else None


def static(shape: Shape) -> tuple[int, ...] | None:
    """The shape where all of it is known, else None."""
    known = tuple(dim for dim in shape if isinstance(dim, int))
    return known if len(known) == len(shape) else None


def check_shape(shape: Shape) -> None:
    """Raises ModelError for a shape that no tensor of a network can have."""
    if len(shape) > limits.MAX_RANK:
        raise ModelError(f"{len(shape)} axes are more than the {limits.MAX_RANK} supported")
    for dim in shape:
        if isinstance(dim, int) and not 0 <= dim <= limits.MAX_SIDE:
            raise ModelError(f"an axis of {brief(dim)} elements is not valid")


def text(shape: Shape) -> str:
    return "[" + ", ".join(str(dim) for dim in shape) + "]"
