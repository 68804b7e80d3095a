"""Where Paddle runs: "cpu", "gpu" (the first), or "gpu:1"."""

from __future__ import annotations

import re
from typing import Any

from instseg.errors import EngineError, InvalidArgument


def gpu_index(device: str) -> int | None:
    """The GPU's number, None for the CPU; raises InvalidArgument for any other name."""
    if device == "cpu":
        return None
    match = re.fullmatch(r"gpu(?::(\d{1,4}))?", device)
    if match is None:
        raise InvalidArgument(
            f'The device "{device}" is unknown to the engine "paddle"; it has "cpu", "gpu" and '
            '"gpu:1" (with the number of the GPU).'
        )
    return int(match[1] or 0)


def check_gpu(paddle: Any, index: int) -> None:
    """Raises EngineError where this Paddle or this machine has no such GPU."""
    if not paddle.is_compiled_with_cuda():
        raise EngineError(
            f"This Paddle {paddle.__version__} is built without CUDA and has no GPU; use "
            'device="cpu", or replace it: pip uninstall paddlepaddle, then install '
            "paddlepaddle-gpu for your CUDA version as on paddlepaddle.org.cn/install."
        )
    count = int(paddle.device.cuda.device_count())
    if index >= count:
        raise EngineError(
            f"There is no gpu:{index}: Paddle sees {count} GPUs here. Use a lower number or "
            'device="cpu"; see also the driver (nvidia-smi) and CUDA_VISIBLE_DEVICES.'
        )
