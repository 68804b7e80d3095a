"""Denominators of losses when several processes train one model.

Gradients are averaged over the processes. They are those of the joined batch if each loss is a sum
divided by the mean, over the processes, of what it counts.
"""

from __future__ import annotations

import paddle
import paddle.distributed as dist
from paddle import Tensor


def mean_over_processes(value: Tensor) -> Tensor:
    """A scalar's mean over all processes, without gradient; in a single process itself."""
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return value
    total = value.detach().astype("float32").clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()


def own_share(count: int) -> float:
    """What a mean over `count` examples of this process is multiplied by: count / mean count. In a
    single process 1."""
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return 1.0
    mean = float(mean_over_processes(paddle.to_tensor(float(count))))
    return count / max(mean, 1.0)
