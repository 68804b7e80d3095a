"""The parameter file: what is read, and that nothing is believed before it is checked."""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pir_builder import pdiparams_tensor, write_pdiparams

from instseg.errors import ModelError
from instseg.importer.program.data_types import LEGACY_TYPES
from instseg.importer.program.pdiparams import Declared, read_pdiparams

Array = npt.NDArray[Any]
F32 = np.dtype(np.float32)

ARRAYS = {
    "b": np.arange(6, dtype=np.float32).reshape(2, 3),
    "a.w_0": np.arange(4, dtype=np.int64),
    "a_1": np.array(7.5, np.float64),
    "B": np.array([True, False, True]),
    "é": np.arange(3, dtype=np.uint8),
    "z": np.arange(5, dtype=np.float16),
    "i": np.array([[-1]], np.int32),
}
"""By bytes the order is B, a.w_0, a_1, b, i, z, é; data lies at odd offsets."""


def declared(arrays: dict[str, Array]) -> dict[str, Declared]:
    return {name: Declared(array.dtype, array.shape) for name, array in arrays.items()}


def test_reads_all_types_in_byte_order_of_names(tmp_path: Path) -> None:
    write_pdiparams(tmp_path / "p", ARRAYS)
    found = read_pdiparams(tmp_path / "p", declared(ARRAYS))
    assert list(found) == ["B", "a.w_0", "a_1", "b", "i", "z", "é"]
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def test_arrays_are_read_only_views_of_the_mapped_file(tmp_path: Path) -> None:
    write_pdiparams(tmp_path / "p", ARRAYS)
    array = read_pdiparams(tmp_path / "p", declared(ARRAYS))["b"]
    with pytest.raises(ValueError, match="read-only"):
        array[0, 0] = 1
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    assert isinstance(base.obj, mmap.mmap)


def test_no_parameters_in_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "p").touch()
    assert read_pdiparams(tmp_path / "p", {}) == {}


ONE = {"w": np.arange(6, dtype=np.float32).reshape(2, 3)}
HUGE = (1 << 31) - 1
BROKEN: dict[str, tuple[bytes, str]] = {
    "version": (pdiparams_tensor(ONE["w"], header=(1, 0, 0)), "not that of a plain tensor"),
    "tensor version": (pdiparams_tensor(ONE["w"], header=(0, 0, 2)), "not that of a plain tensor"),
    "LoD levels": (pdiparams_tensor(ONE["w"], header=(0, 1 << 60, 0)), "LoD levels"),
    "no description": (pdiparams_tensor(ONE["w"], description_size=0), "description claims 0"),
    "negative description": (
        pdiparams_tensor(ONE["w"], description_size=-5),
        "description claims -5",
    ),
    "description beyond the file": (
        pdiparams_tensor(ONE["w"], description_size=500),
        "description claims 500",
    ),
    "description of gigabytes": (
        pdiparams_tensor(ONE["w"], description_size=HUGE),
        "description claims 2147483647",
    ),
    "description cut off": (pdiparams_tensor(ONE["w"], description_size=5), "description is damag"),
    "type": (pdiparams_tensor(ONE["w"], code=23), "data type 23 is not supported"),
    "another type": (pdiparams_tensor(ONE["w"], code=2), "does not belong to the program"),
    "negative size": (pdiparams_tensor(ONE["w"], dims=[-2, -3]), "is not valid"),
    "size of petabytes": (pdiparams_tensor(ONE["w"], dims=[1 << 50]), "is not valid"),
    "size that overflows to 24 bytes": (
        pdiparams_tensor(ONE["w"], dims=[1 << 31, 1 << 31, 6]),
        "is not valid",
    ),
    "product of terabytes": (
        pdiparams_tensor(ONE["w"], dims=[HUGE, 1000]),
        "needs 8589934588000 bytes, but the file has only 24 left",
    ),
    "product that overflows 64 bits": (
        pdiparams_tensor(ONE["w"], dims=[HUGE] * 4),
        "but the file has only 24 left",
    ),
    "nothing at all": (pdiparams_tensor(ONE["w"], dims=[0, HUGE]), "is empty"),
    "ten axes": (pdiparams_tensor(ONE["w"], dims=[1] * 10), "is not valid"),
    "another shape": (pdiparams_tensor(ONE["w"], dims=[3, 2]), "does not belong to the program"),
    "one byte more": (pdiparams_tensor(ONE["w"]) + b"\0", "1 bytes follow after the 1 parameters"),
    "one tensor more": (pdiparams_tensor(ONE["w"]) * 2, "bytes follow after the 1 parameters"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_damaged_file_is_refused(name: str, tmp_path: Path) -> None:
    content, message = BROKEN[name]
    (tmp_path / "p").write_bytes(content)
    with pytest.raises(ModelError, match=message) as caught:
        read_pdiparams(tmp_path / "p", declared(ONE))
    assert str(tmp_path / "p") in str(caught.value)


def test_truncated_anywhere_is_refused(tmp_path: Path) -> None:
    write_pdiparams(tmp_path / "p", ARRAYS)
    content = (tmp_path / "p").read_bytes()
    for length in range(0, len(content), 3):
        (tmp_path / "p").write_bytes(content[:length])
        with pytest.raises(ModelError, match="tensor"):
            read_pdiparams(tmp_path / "p", declared(ARRAYS))


def test_any_changed_byte_of_a_header_gives_arrays_or_a_model_error(tmp_path: Path) -> None:
    content = bytearray(pdiparams_tensor(ONE["w"]))
    for at in range(len(content) - ONE["w"].nbytes):
        for value in (0, 1, 0x7F, 0x80, 0xFF, content[at] ^ 4):
            changed = content.copy()
            changed[at] = value
            (tmp_path / "p").write_bytes(changed)
            try:
                found = read_pdiparams(tmp_path / "p", declared(ONE))
            except ModelError:
                continue
            assert found["w"].shape == (2, 3)


def test_tensor_missing_or_too_many(tmp_path: Path) -> None:
    write_pdiparams(tmp_path / "p", ARRAYS)
    more = declared({**ARRAYS, "zz": ARRAYS["b"]})
    with pytest.raises(ModelError, match=r"tensor 6 \(zz\): the file ends|does not belong"):
        read_pdiparams(tmp_path / "p", more)
    fewer = {name: what for name, what in declared(ARRAYS).items() if name != "é"}
    with pytest.raises(ModelError, match="follow after the 6 parameters"):
        read_pdiparams(tmp_path / "p", fewer)
    with pytest.raises(ModelError, match="follow after the 0 parameters"):
        read_pdiparams(tmp_path / "p", {})


def test_file_of_another_order_is_refused(tmp_path: Path) -> None:
    """Sorted without regard to case, or as code points, the shapes do not fit."""
    (tmp_path / "p").write_bytes(b"".join(pdiparams_tensor(array) for array in ARRAYS.values()))
    with pytest.raises(ModelError, match="does not belong to the program"):
        read_pdiparams(tmp_path / "p", declared(ARRAYS))


def test_too_many_parameters_are_refused(tmp_path: Path) -> None:
    (tmp_path / "p").touch()
    many = dict.fromkeys(map(str, range(50_001)), Declared(F32, ()))
    with pytest.raises(ModelError, match="50001 parameters; at most 50000"):
        read_pdiparams(tmp_path / "p", many)


def test_too_large_file_is_refused_without_reading_it(tmp_path: Path) -> None:
    with (tmp_path / "p").open("wb") as file:  # sparse: takes no room on the disk
        file.truncate(1_900_000_001)
    with pytest.raises(ModelError, match="1900000001 bytes; at most 1900000000"):
        read_pdiparams(tmp_path / "p", declared(ONE))


def test_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "missing"):
        with pytest.raises(ModelError, match="does not exist or is no regular file"):
            read_pdiparams(path, declared(ONE))


def test_every_type_has_the_size_that_the_format_says() -> None:
    sizes = {0: 1, 1: 2, 2: 4, 3: 8, 4: 2, 5: 4, 6: 8, 20: 1, 21: 1}
    assert {code: dtype.itemsize for code, dtype in LEGACY_TYPES.items()} == sizes


def test_dims_may_be_packed(tmp_path: Path) -> None:
    """Protobuf readers accept both spellings of a repeated number."""
    description = b"\x08\x05" + b"\x12\x02\x02\x03"
    header = struct.pack("<IQIi", 0, 0, 0, len(description))
    (tmp_path / "p").write_bytes(header + description + ONE["w"].tobytes())
    np.testing.assert_array_equal(read_pdiparams(tmp_path / "p", declared(ONE))["w"], ONE["w"])
