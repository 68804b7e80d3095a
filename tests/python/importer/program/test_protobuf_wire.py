"""The protobuf wire format, byte by byte."""

from __future__ import annotations

import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from legacy_builder import field
from pir_builder import varint

from instseg.errors import ModelError
from instseg.importer.program.protobuf_wire import (
    LENGTH_DELIMITED,
    VARINT,
    as_bytes,
    as_float32,
    as_float64,
    as_int,
    as_text,
    fields,
    floats,
    ints,
    read_varint,
)


def parsed(data: bytes) -> list[tuple[int, int, object]]:
    return [
        (number, kind, payload if isinstance(payload, int) else bytes(payload))
        for number, kind, payload in fields(memoryview(data))
    ]


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_any_integer_survives(number: int) -> None:
    [(key, kind, payload)] = list(fields(memoryview(field(5, number))))
    assert (key, kind, as_int(payload)) == (5, VARINT, number)


@given(st.lists(st.tuples(st.integers(1, 1 << 28), st.binary(max_size=300)), max_size=8))
def test_parts_come_in_file_order(parts: list[tuple[int, bytes]]) -> None:
    data = b"".join(field(number, content) for number, content in parts)
    assert parsed(data) == [(number, LENGTH_DELIMITED, content) for number, content in parts]


@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=20))
def test_packed_and_single_integers_are_read_alike(numbers: list[int]) -> None:
    packed = memoryview(b"".join(varint(number) for number in numbers))
    assert ints(LENGTH_DELIMITED, packed) == numbers
    single = [n for number in numbers for n in ints(VARINT, number & (1 << 64) - 1)]
    assert single == numbers


def test_floats_single_and_packed() -> None:
    assert (
        as_float32(memoryview(struct.pack("<f", 0.1)))
        == struct.unpack("f", struct.pack("f", 0.1))[0]
    )
    assert as_float64(memoryview(struct.pack("<d", 0.1))) == 0.1
    packed = memoryview(struct.pack("<3d", 1.5, -2.0, 1e300))
    assert floats(LENGTH_DELIMITED, packed, 8) == [1.5, -2.0, 1e300]
    assert floats(1, packed[8:16], 8) == [-2.0]


BROKEN = {
    "number cut off": (b"\x08\x80", "ends inside a number"),
    "number of 11 bytes": (b"\x08" + b"\x80" * 10 + b"\x01", "longer than 10 bytes"),
    "key without content": (b"\x08", "ends inside a number"),
    "field number 0": (b"\x00\x01", "field number 0"),
    "length beyond the end": (b"\x0a\x05abcd", "claims 5 bytes, but only 4 are left"),
    "length of exabytes": (b"\x0a" + varint((1 << 63) - 1) + b"x", "claims 9223372036854775807"),
    "negative length": (b"\x0a" + varint(-1) + b"x", "claims 18446744073709551615"),
    "64-bit number cut off": (b"\x09" + bytes(7), "claims 8 bytes, but only 7"),
    "32-bit number cut off": (b"\x0d" + bytes(3), "claims 4 bytes, but only 3"),
    "group start": (b"\x0b", "wire type 3"),
    "group end": (b"\x0c", "wire type 4"),
    "wire type 6": (b"\x0e", "wire type 6"),
    "wire type 7": (b"\x0f", "wire type 7"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_damaged_message_is_refused(name: str) -> None:
    data, message = BROKEN[name]
    with pytest.raises(ModelError, match=message):
        parsed(data)


@given(st.binary(max_size=64))
def test_any_bytes_give_fields_or_a_model_error(data: bytes) -> None:
    try:
        payloads = list(fields(memoryview(data)))
    except ModelError:
        return
    assert sum(len(p) for _, _, p in payloads if not isinstance(p, int)) <= len(data)


def test_wrong_kinds_are_refused() -> None:
    four = memoryview(b"abcd")
    for convert in (as_bytes, as_text, as_float32, as_float64):
        with pytest.raises(ModelError):
            convert(7)
    with pytest.raises(ModelError, match="bytes where a number"):
        as_int(four)
    with pytest.raises(ModelError, match="of 4 bytes where 8"):
        as_float64(four)
    with pytest.raises(ModelError, match="no multiple of 8"):
        floats(LENGTH_DELIMITED, four, 8)
    with pytest.raises(ModelError, match="not UTF-8"):
        as_text(memoryview(b"\xff"))
    with pytest.raises(ModelError, match="ends inside"):
        ints(LENGTH_DELIMITED, memoryview(b"\x80"))


def test_varint_is_cut_to_64_bits() -> None:
    assert read_varint(memoryview(b"\xff" * 9 + b"\x7f"), 0) == ((1 << 64) - 1, 10)


def test_many_small_fields_are_read_in_linear_time() -> None:
    """A slice that copied the rest of the message would need minutes for these 2 MB."""
    began = time.process_time()
    assert sum(1 for _ in fields(memoryview(b"\x0a\x02ab" * 500_000))) == 500_000
    assert time.process_time() - began < 20
