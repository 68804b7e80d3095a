"""Reads the combined parameter file `.pdiparams` by memory map.

The file is tensors back to back, without names: uint32 0, uint64 number of LoD levels (0), uint32
0, int32 length of the description, the description (protobuf TensorDesc: 1 data type, 2 dims), raw
little-endian data. The order is the names sorted as byte strings, in both program formats.
"""

import math
import mmap
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from instseg.errors import ModelError

from .. import limits
from ..ir.graph import Array
from .data_types import LEGACY_TYPES
from .protobuf_wire import as_int, fields, ints

HEADER = struct.Struct("<IQIi")
MAX_DESCRIPTION_BYTES = 1024


@dataclass(frozen=True)
class Declared:
    """What the program says of one parameter."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]


def read_pdiparams(path: Path, declared: Mapping[str, Declared]) -> dict[str, Array]:
    """Returns read-only views of the mapped file, by parameter name.

    Raises ModelError where the file is missing, damaged, or does not belong to the program.
    """
    if len(declared) > limits.MAX_TENSORS:
        raise ModelError(
            f"the program beside {path} has {len(declared)} parameters; at most "
            f"{limits.MAX_TENSORS} are supported"
        )
    buffer = _mapped(path)
    arrays: dict[str, Array] = {}
    at = 0
    for name in sorted(declared, key=lambda text: text.encode()):
        array, at = _read_tensor(buffer, at, f"{path}: tensor {len(arrays)} ({name})")
        expected = declared[name]
        if array.dtype != expected.dtype or array.shape != expected.shape:
            raise ModelError(
                f"{path} does not belong to the program beside it: parameter {name} is "
                f"{array.dtype}{list(array.shape)} in the file, "
                f"{expected.dtype}{list(expected.shape)} in the program"
            )
        arrays[name] = array
    if at != len(buffer):
        raise ModelError(
            f"{path} does not belong to the program beside it: {len(buffer) - at} bytes "
            f"follow after the {len(arrays)} parameters that the program declares"
        )
    return arrays


def _mapped(path: Path) -> memoryview:
    if not path.is_file():
        raise ModelError(f"{path} does not exist or is no regular file")
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > limits.MAX_PARAMETER_BYTES:
                raise ModelError(
                    f"{path} has {size} bytes; at most {limits.MAX_PARAMETER_BYTES} are supported"
                )
            if size == 0:  # cannot be mapped
                return memoryview(b"")
            return memoryview(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot read the parameters {path}: {error}") from None


def _read_tensor(buffer: memoryview, at: int, what: str) -> tuple[Array, int]:
    left = len(buffer) - at
    if left < HEADER.size:
        raise ModelError(
            f"{what}: the file ends at byte {len(buffer)}, inside or before its header"
        )
    version, lod_levels, tensor_version, description_size = HEADER.unpack_from(buffer, at)
    if version or tensor_version or lod_levels:
        raise ModelError(
            f"{what}: header at byte {at} is not that of a plain tensor "
            f"(versions {version} and {tensor_version}, {lod_levels} LoD levels; all must be 0)"
        )
    at += HEADER.size
    if not 0 < description_size <= min(MAX_DESCRIPTION_BYTES, len(buffer) - at):
        raise ModelError(f"{what}: its description claims {description_size} bytes")
    dtype, shape = _read_description(buffer[at : at + description_size], what)
    at += description_size
    data_size = math.prod(shape) * dtype.itemsize
    if data_size > len(buffer) - at:
        raise ModelError(
            f"{what}: {dtype}{list(shape)} needs {data_size} bytes, "
            f"but the file has only {len(buffer) - at} left (truncated?)"
        )
    if data_size == 0:
        raise ModelError(f"{what}: {dtype}{list(shape)} is empty")
    array = np.frombuffer(buffer, dtype, math.prod(shape), at)
    return array.reshape(shape), at + data_size


def _read_description(data: memoryview, what: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
    code: int | None = None
    dims: list[int] = []
    try:
        for number, wire_type, payload in fields(data):
            if number == 1:
                code = as_int(payload)
            elif number == 2:
                dims += ints(wire_type, payload)
    except ModelError as error:
        raise ModelError(f"{what}: its description is damaged: {error}") from None
    if code not in LEGACY_TYPES:
        raise ModelError(f"{what}: data type {code} is not supported")
    if len(dims) > limits.MAX_RANK or any(not 0 <= d <= limits.MAX_SIDE for d in dims):
        raise ModelError(f"{what}: shape {dims[:12]} is not valid")
    return LEGACY_TYPES[code].newbyteorder("<"), tuple(dims)
