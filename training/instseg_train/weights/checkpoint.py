"""Reads `.pdparams` files: what `paddle.save` makes of a state dict, a pickle of NumPy arrays.

A pickle can name any function and have it called. This reader knows the handful that arrays need
and refuses all others, so that a file from elsewhere can do no harm.
"""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from instseg.errors import ModelError

Arrays = dict[str, npt.NDArray[Any]]

# The largest official checkpoint is half a gigabyte.
MAX_CHECKPOINT_BYTES = 4 << 30
# What `paddle.save` adds beside the tensors: names of the parameters in its own run.
NAME_TABLE = "StructuredToParameterName@@"

_ARRAY_FUNCTIONS = {
    (module, name)
    for module in ("numpy.core.multiarray", "numpy._core.multiarray")
    for name in ("_reconstruct", "scalar")
} | {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy._core.numeric", "_frombuffer"),
    ("collections", "OrderedDict"),
    ("_codecs", "encode"),
}


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ARRAY_FUNCTIONS:
            raise pickle.UnpicklingError(f"it calls {module}.{name}")
        return super().find_class(module, name)


def read_checkpoint(path: str | os.PathLike[str]) -> Arrays:
    """Parameter name -> array of a `.pdparams` (or `.pdema`) file, without its table of names.

    Raises ModelError: no such file, too large, not a pickle, a pickle of other things than arrays,
    or one that calls functions which arrays do not need.
    """
    file = Path(path)
    if not file.is_file():
        raise ModelError(f"There is no file {file}; give a .pdparams file.")
    size = file.stat().st_size
    if size > MAX_CHECKPOINT_BYTES:
        raise ModelError(f"{file} has {size} bytes, more than the limit of {MAX_CHECKPOINT_BYTES}.")
    try:
        with file.open("rb") as stream:
            content = _ArrayUnpickler(stream).load()
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{file} is refused: {error}. A checkpoint holds arrays only; files of this kind can "
            "run any code when they are read. If it is yours, load it with paddle.load, and give "
            "the dict of arrays."
        ) from error
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise ModelError(f"{file} is no checkpoint, or is damaged: {error!r}.") from error
    return arrays_only(content, str(file))


def arrays_only(content: Any, origin: str) -> Arrays:
    """Checks that `content` is a dict of arrays; Paddle's tensors are turned into arrays."""
    if not isinstance(content, dict):
        raise ModelError(
            f"{origin} holds a {type(content).__name__}, expected a dict: parameter name -> array."
        )
    arrays: Arrays = {}
    for name, value in content.items():
        if name == NAME_TABLE:
            continue
        # Paddle saves a tensor as itself, or as a tuple of its name in that run and the array.
        if isinstance(value, tuple) and len(value) == 2:
            value = value[1]
        if hasattr(value, "numpy"):
            value = value.numpy()
        if not isinstance(name, str) or not isinstance(value, (np.ndarray, np.generic)):
            raise ModelError(
                f"{origin} holds {name!r}: {type(value).__name__}, expected parameter name -> "
                "array."
            )
        arrays[name] = np.asarray(value)
    return arrays
