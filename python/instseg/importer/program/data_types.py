"""Paddle's data types in the three spellings that model files use."""

from typing import Any

import numpy as np

from instseg.errors import ModelError

OPAQUE_TYPE = np.dtype(np.void)
"""Stands for what no dense network holds: tensor arrays, selected rows, missing types."""

LEGACY_TYPES: dict[int | None, np.dtype[Any]] = {
    0: np.dtype(np.bool_),
    1: np.dtype(np.int16),
    2: np.dtype(np.int32),
    3: np.dtype(np.int64),
    4: np.dtype(np.float16),
    5: np.dtype(np.float32),
    6: np.dtype(np.float64),
    20: np.dtype(np.uint8),
    21: np.dtype(np.int8),
}
"""VarType.Type of framework.proto, in `.pdmodel` and `.pdiparams`."""

PIR_TYPES: dict[str, np.dtype[Any]] = {
    "t_bool": np.dtype(np.bool_),
    "t_i16": np.dtype(np.int16),
    "t_i32": np.dtype(np.int32),
    "t_i64": np.dtype(np.int64),
    "t_f16": np.dtype(np.float16),
    "t_f32": np.dtype(np.float32),
    "t_f64": np.dtype(np.float64),
    "t_ui8": np.dtype(np.uint8),
    "t_i8": np.dtype(np.int8),
}
"""Type names of a PIR program, without the dialect number."""

ATTRIBUTE_TYPES: dict[str, np.dtype[Any]] = {dtype.name: dtype for dtype in PIR_TYPES.values()}
"""Names in PIR's `dtype` attributes."""


def legacy_type(code: int | None, what: str) -> np.dtype[Any]:
    if code not in LEGACY_TYPES:
        raise ModelError(f"{what}: data type {code} is not supported")
    return LEGACY_TYPES[code]
