"""Reads the protobuf wire format: fields, varints and length-delimited parts, nothing more.

The input is not trusted: every length is checked against the bytes that are there, and nothing is
copied or allocated before that check. Source: protobuf.dev, "Encoding".
"""

import struct
from collections.abc import Iterator

from instseg.errors import ModelError

VARINT, FIXED64, LENGTH_DELIMITED, FIXED32 = 0, 1, 2, 5

Payload = int | memoryview
"""An unsigned integer for VARINT, the raw bytes for every other wire type."""


def read_varint(buffer: memoryview, at: int) -> tuple[int, int]:
    """Returns an unsigned 64-bit integer and the offset after it."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(buffer):
            raise ModelError(f"protobuf data ends inside a number at byte {at}")
        byte = buffer[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
    raise ModelError(f"protobuf number at byte {at} is longer than 10 bytes")


def fields(buffer: memoryview) -> Iterator[tuple[int, int, Payload]]:
    """Yields (field number, wire type, payload) of one message, in file order."""
    at = 0
    while at < len(buffer):
        key, at = read_varint(buffer, at)
        number, wire_type = key >> 3, key & 7
        if number == 0:
            raise ModelError(f"protobuf field number 0 at byte {at}")
        if wire_type == VARINT:
            value, at = read_varint(buffer, at)
            yield number, wire_type, value
            continue
        if wire_type == LENGTH_DELIMITED:
            size, at = read_varint(buffer, at)
        elif wire_type in (FIXED32, FIXED64):
            size = 4 if wire_type == FIXED32 else 8
        else:
            raise ModelError(f"protobuf wire type {wire_type} at byte {at} is not supported")
        if size > len(buffer) - at:
            raise ModelError(
                f"protobuf field {number} at byte {at} claims {size} bytes, "
                f"but only {len(buffer) - at} are left"
            )
        yield number, wire_type, buffer[at : at + size]
        at += size


def signed(value: int) -> int:
    """Two's complement: protobuf writes negative int32 and int64 as 64-bit varints."""
    return value - (1 << 64) if value >= 1 << 63 else value


def as_int(payload: Payload) -> int:
    if not isinstance(payload, int):
        raise ModelError("protobuf field holds bytes where a number was expected")
    return signed(payload)


def as_bytes(payload: Payload) -> memoryview:
    if isinstance(payload, int):
        raise ModelError("protobuf field holds a number where bytes were expected")
    return payload


def as_text(payload: Payload) -> str:
    try:
        return bytes(as_bytes(payload)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ModelError(f"protobuf text is not UTF-8: {error}") from None


def as_float32(payload: Payload) -> float:
    return float(struct.unpack("<f", _exactly(as_bytes(payload), 4))[0])


def as_float64(payload: Payload) -> float:
    return float(struct.unpack("<d", _exactly(as_bytes(payload), 8))[0])


def ints(wire_type: int, payload: Payload) -> list[int]:
    """One element of a repeated integer field, or all of them where it is packed."""
    if wire_type == VARINT:
        return [as_int(payload)]
    packed, at, values = as_bytes(payload), 0, []
    while at < len(packed):
        value, at = read_varint(packed, at)
        values.append(signed(value))
    return values


def floats(wire_type: int, payload: Payload, size: int) -> list[float]:
    """One element of a repeated float (size 4) or double (size 8), or all where it is packed."""
    data = as_bytes(payload)
    if wire_type != LENGTH_DELIMITED:
        data = _exactly(data, size)
    if len(data) % size:
        raise ModelError(f"packed protobuf numbers: {len(data)} bytes is no multiple of {size}")
    code = "f" if size == 4 else "d"
    return list(struct.unpack(f"<{len(data) // size}{code}", data))


def _exactly(data: memoryview, size: int) -> memoryview:
    if len(data) != size:
        raise ModelError(f"protobuf number of {len(data)} bytes where {size} were expected")
    return data
