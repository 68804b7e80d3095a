"""As much of Paddle as the reference engine calls. What a program computes, a test puts here."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

__version__ = "3.3.1"

outputs = ["boxes_out", "count_out", "masks_out"]
gpus = 0
dynamic = True


def program(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Inputs by name -> outputs by name; replaced by tests."""
    rows = {"boxes_out": (1, 6), "count_out": (1,), "masks_out": (1, 1, 1)}
    return {name: np.zeros(shape, np.float32) for name, shape in rows.items()}


class Tensor:
    def __init__(self, array: np.ndarray, place: str) -> None:
        self.array = array
        self.place = place
        self.shape = list(array.shape)

    def numpy(self) -> np.ndarray:
        return self.array.copy()

    def detach(self) -> Tensor:
        return self

    def __dlpack__(self, **options: Any) -> Any:
        assert self.place == "cpu", "NumPy cannot look into a GPU"
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0) if self.place == "cpu" else (2, 0)


def to_tensor(data: Any, dtype: str | None = None, place: str = "cpu") -> Tensor:
    return Tensor(np.array(data, dtype), place)


def index_select(x: Tensor, index: Tensor, axis: int) -> Tensor:
    return Tensor(np.take(x.array, index.array, axis), x.place)


def CPUPlace() -> str:
    return "cpu"


def CUDAPlace(index: int) -> str:
    return f"gpu:{index}"


def in_dynamic_mode() -> bool:
    return dynamic


def is_compiled_with_cuda() -> bool:
    return gpus > 0


device = SimpleNamespace(cuda=SimpleNamespace(device_count=lambda: gpus))
