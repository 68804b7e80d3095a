"""One training on several devices or hosts: processes that Paddle's launcher starts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import paddle
import paddle.distributed as dist
from paddle.distributed.fleet.utils.hybrid_parallel_util import fused_allreduce_gradients

from instseg.errors import InvalidArgument
from instseg_train.config import Devices
from instseg_train.trainer.errors import TrainingError

LOG_FOLDER = "distributed_train_logs"
WORKER_MODULE = "instseg_train.trainer.worker"
_LAUNCHED = "PADDLE_TRAINER_ENDPOINTS"


def check_devices(devices: Devices) -> None:
    """Raises InvalidArgument for GPUs that this Paddle, or this machine, does not have."""
    if devices.kind == "cpu":
        return
    if not paddle.is_compiled_with_cuda():
        raise InvalidArgument(
            f"Global.device is {devices.first}, but this Paddle has no CUDA. Install "
            "'instseg[train-gpu]', or give Global.device=cpu"
        )
    here = paddle.device.cuda.device_count()
    highest = max(devices.ids, default=0)
    if highest >= here:
        raise InvalidArgument(
            f"Global.device asks for GPU {highest}, but this machine has {here}, numbered from 0"
        )


def is_launched() -> bool:
    """Whether Paddle's launcher started this process as one of several."""
    return bool(os.environ.get(_LAUNCHED))


def launch(devices: Devices, config_file: Path, output: Path, hosts: str | None) -> None:
    """Runs one process per device and waits; what they print lies in `distributed_train_logs`.

    Raises TrainingError if one of them fails (the launcher then ends the others).
    """
    command = [sys.executable, "-m", "paddle.distributed.launch"]
    command += ["--log_dir", str(output / LOG_FOLDER), "--job_id", f"instseg_{os.getpid()}"]
    command += ["--log_level", "WARNING"]
    environment = dict(os.environ)
    if devices.kind == "gpu":
        command += ["--devices", ",".join(map(str, devices.ids))]
    else:
        command += ["--nproc_per_node", str(devices.processes)]
        environment["PADDLE_DISTRI_BACKEND"] = "gloo"
    if hosts:
        command += ["--ips", hosts]
    # The launcher takes what does not end in .py for a program.
    command += [sys.executable, "-m", WORKER_MODULE, str(config_file)]
    code = subprocess.run(command, env=environment, check=False).returncode
    if code:
        raise TrainingError(
            f"one of {devices.processes} training processes ended with exit code {code}; what each "
            f"said is in {output / LOG_FOLDER}"
        )


def begin(devices: Devices) -> None:
    """In every process: takes its device and meets the others."""
    if not is_launched():
        paddle.set_device(devices.first)
        return
    if devices.kind == "cpu":
        paddle.set_device("cpu")
    dist.init_parallel_env()


def rank() -> int:
    return int(dist.get_rank()) if is_launched() else 0


def count() -> int:
    """How many processes train together."""
    return int(dist.get_world_size()) if is_launched() else 1


def average_gradients(parameters: Sequence[Any]) -> None:
    """Replaces gradients by their mean over all processes; missing ones count as zero."""
    if count() == 1:
        return
    for parameter in parameters:
        if parameter.grad is None:
            parameter.grad = paddle.zeros(parameter.shape, parameter.dtype)
    fused_allreduce_gradients(parameters, None)


def average_statistics(model: Any) -> None:
    """Replaces the statistics of norms, which each process gathers on its own images, by their
    mean: all floating tensors that are not trained."""
    if count() == 1:
        return
    for value in model.state_dict().values():
        if value.stop_gradient and paddle.is_floating_point(value):
            dist.all_reduce(value)
            value.scale_(1 / count())


def same_weights(model: Any) -> None:
    """Gives every process the weights of the first one."""
    if count() > 1:
        for value in model.state_dict().values():
            dist.broadcast(value, 0)


def wait_for_all() -> None:
    if count() > 1:
        dist.barrier()
