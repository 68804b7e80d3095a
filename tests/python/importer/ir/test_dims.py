"""Arithmetic with sizes that depend on the batch: true for every batch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from instseg.errors import ModelError
from instseg.importer import limits
from instseg.importer.ir.dims import (
    Dim,
    Shape,
    Symbol,
    broadcast,
    check_shape,
    divide,
    multiply,
    product,
    reshape_target,
    text,
)

DIMS = st.integers(0, 50) | st.builds(Symbol, st.just("N"), st.integers(1, 50))
SHAPES = st.lists(DIMS, max_size=4).map(tuple)
BATCHES = st.integers(1, 9)


def value(dim: Dim, batch: int) -> int:
    return dim if isinstance(dim, int) else dim.factor * batch


def values(shape: Shape, batch: int) -> tuple[int, ...]:
    return tuple(value(dim, batch) for dim in shape)


@given(DIMS, st.integers(0, 50), BATCHES)
def test_product_with_a_number(a: Dim, b: int, batch: int) -> None:
    assert value(multiply(a, b), batch) == value(a, batch) * b == value(multiply(b, a), batch)


@given(DIMS, st.integers(0, 50), BATCHES)
def test_quotient_is_whole_for_every_batch_or_absent(a: Dim, b: int, batch: int) -> None:
    quotient = divide(a, b)
    if quotient is not None:
        assert value(quotient, batch) * b == value(a, batch)
    elif b and isinstance(a, int):
        assert a % b


def test_product_of_symbols_is_a_symbol_of_its_own() -> None:
    n, m = Symbol("N", 2), Symbol("M", 3)
    assert multiply(n, m) == multiply(m, n) == Symbol("(M*N)", 6)
    assert product((n, 5, m)) == Symbol("(M*N)", 30)
    assert product(()) == 1


@given(SHAPES, SHAPES, st.integers(2, 9))
def test_broadcast_is_numpys(a: Shape, b: Shape, batch: int) -> None:
    """Wherever NumPy broadcasts too: an open size is taken on trust."""
    try:
        expected = np.broadcast_shapes(values(a, batch), values(b, batch))
    except ValueError:
        assume(False)
    assert values(broadcast(a, b), batch) == expected


def test_sizes_that_do_not_broadcast_are_refused() -> None:
    with pytest.raises(ModelError, match=r"shapes \[2, 3\] and \[1, 4\] do not broadcast"):
        broadcast((2, 3), (4,))


@st.composite
def reshapes(draw: st.DrawFn) -> tuple[Shape, Shape]:
    """Two shapes of as many elements: the same factors, N among them, grouped in two ways."""
    factors: list[Dim] = list(draw(st.lists(st.integers(1, 5), max_size=5)))
    factors.insert(draw(st.integers(0, len(factors))), Symbol("N"))

    def grouped() -> Shape:
        ends = draw(st.lists(st.booleans(), min_size=len(factors), max_size=len(factors)))
        groups: list[list[Dim]] = [[]]
        for factor, end in zip(factors, ends, strict=True):
            groups[-1].append(factor)
            if end:
                groups.append([])
        return tuple(product(tuple(group)) for group in groups)

    return grouped(), grouped()


@given(reshapes(), BATCHES)
def test_target_of_a_reshape_gives_that_shape(shapes: tuple[Shape, Shape], batch: int) -> None:
    """NumPy has no 0 that copies a size: it is replaced first."""
    x, out = shapes
    before, after = values(x, batch), values(out, batch)
    target = reshape_target(x, out)
    assert target is not None  # one size is open: it is what is left
    plain = [before[axis] if size == 0 else size for axis, size in enumerate(target)]
    assert np.zeros(before).reshape(plain).shape == after


@pytest.mark.parametrize("shape", [(1,) * 10, (-1,), (3, 1 << 31)])
def test_impossible_shapes_are_refused(shape: Shape) -> None:
    with pytest.raises(ModelError):
        check_shape(shape)
    check_shape((limits.MAX_SIDE, 0, Symbol("N")))


def test_sizes_cannot_grow_without_end() -> None:
    long = Symbol("n" * limits.MAX_SYMBOL_LENGTH)
    with pytest.raises(ModelError, match="too complicated"):
        multiply(long, Symbol("N"))
    with pytest.raises(ModelError, match="too complicated"):
        multiply(Symbol("N", 1 << 40), 1 << 40)


def test_text() -> None:
    assert text((2, Symbol("N"), Symbol("N", 8))) == "[2, N, 8*N]"
