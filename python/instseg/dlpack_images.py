"""Arrays of other libraries (PyTorch, CuPy, JAX, ...) as images, through DLPack.

https://data-apis.org/array-api/latest/design_topics/data_interchange.html
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instseg.errors import InvalidArgument

# Kinds of devices in `__dlpack_device__()` (DLDeviceType).
_CPU, _CUDA, _CUDA_HOST, _CUDA_MANAGED = 1, 2, 3, 13
_IN_HOST_MEMORY = (_CPU, _CUDA_HOST)
_ON_A_GPU = (_CUDA, _CUDA_MANAGED)
# CUDA's legacy default stream, as `__dlpack__` numbers it: the core waits for that one.
_LEGACY_STREAM = 1

_REMEDY = "Give a host array: x.cpu().numpy() of PyTorch's, x.get() of CuPy's."


@dataclass(frozen=True, eq=False)
class GpuPixels:
    """An image that stays on its GPU.

    capsule  of DLPack; used once, by `_core.Predictor.predict_dlpack`
    color    "bgr" or "rgb"; what the channels are follows from their number
    """

    capsule: Any
    color: str


def has_dlpack(image: Any) -> bool:
    """Whether it is an array, by DLPack's protocol."""
    return hasattr(image, "__dlpack__") and hasattr(image, "__dlpack_device__")


def lies_on_gpu(image: Any) -> bool:
    """Whether it is an array in memory of an NVIDIA GPU. Raises InvalidArgument."""
    return has_dlpack(image) and _device_kind(image) in _ON_A_GPU


def gpu_pixels(image: Any, color: str) -> GpuPixels:
    """Borrows an array in memory of a GPU. To be called where it was computed: its library makes
    CUDA's default stream wait for the stream that is current on this thread.

    Raises InvalidArgument where the library cannot give it away.
    """
    try:
        try:
            capsule = image.__dlpack__(stream=_LEGACY_STREAM, max_version=(1, 0))
        except TypeError:  # a library from before DLPack 1
            capsule = image.__dlpack__(stream=_LEGACY_STREAM)
    except Exception as error:
        raise _refused(image, error) from error
    return GpuPixels(capsule, color)


def host_array(image: Any) -> NDArray[Any]:
    """An array in memory of the CPU as NumPy's, not copied. Raises InvalidArgument."""
    kind = _device_kind(image)
    if kind not in _IN_HOST_MEMORY:
        where = "on a GPU" if kind in _ON_A_GPU else f"on a device of DLPack's kind {kind}"
        raise InvalidArgument(
            f"The {_type_name(image)} lies {where}, and pixels are read from the CPU's memory "
            f"here. {_REMEDY} Of NVIDIA GPUs predict() and predict_batch() take them too, without "
            "tiles."
        )
    try:
        return np.from_dlpack(image)
    except Exception as error:
        raise _refused(image, error) from error


def _device_kind(image: Any) -> int:
    try:
        kind, _ = image.__dlpack_device__()
    except Exception as error:
        raise _refused(image, error) from error
    return int(kind)


def _refused(image: Any, error: Exception) -> InvalidArgument:
    return InvalidArgument(
        f"The {_type_name(image)} cannot be read by DLPack: {type(error).__name__}: {error}. "
        f"{_REMEDY}"
    )


def _type_name(image: Any) -> str:
    kind = type(image)
    return f"{kind.__module__}.{kind.__qualname__}"
