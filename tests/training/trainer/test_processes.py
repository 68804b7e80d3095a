"""Two processes on this CPU, started by Paddle's launcher, against one."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from trainer.tiny_run import SIDE, one_thread, tiny_config, tiny_dataset

from instseg.errors import InvalidArgument
from instseg_train.config import dump_config, parse_devices
from instseg_train.trainer import TrainingError, train
from instseg_train.trainer.processes import check_devices
from instseg_train.weights.checkpoint import read_checkpoint

SCRIPT = Path(__file__).with_name("recorded_training.py")
MODELS = {
    "PP-YOLOE_seg-S": [],
    "SOLOv2": ["Train.scale.width=0.0625", "Train.scale.depth=0.2"],
    "Mask-RT-DETR-S": ["Train.scale.width=0.1", "Train.input_size=[128, 128]"],
    "MaskRCNN-ResNet50-FPN": ["Train.scale.width=0.0625", "Train.scale.depth=0.2"],
    "Cascade-MaskRCNN-ResNet50-FPN": ["Train.scale.width=0.045", "Train.scale.depth=0.2"],
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tiny_dataset(tmp_path_factory.mktemp("data") / "coins", images=6)


def run(folder, data, model, processes, batch_size, *options):
    """Three steps; returns the weights of each process, at the end."""
    (folder / "output").mkdir(parents=True)
    config = tiny_config(
        data,
        folder / "output",
        "Train.epochs_iters=1",
        f"Train.batch_size={batch_size}",
        f"Global.device=cpu:{processes}",
        *MODELS[model],
        *options,
        model=model,
    )
    file = folder / "config.yaml"
    file.write_text(dump_config(config))
    command = [sys.executable, str(SCRIPT), str(file), str(folder)]
    if processes > 1:
        launcher = ["-m", "paddle.distributed.launch", "--nproc_per_node", str(processes)]
        command = [sys.executable, *launcher, "--log_dir", str(folder / "logs"), *command]
    environment = one_thread() | {"PADDLE_DISTRI_BACKEND": "gloo"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return [read_checkpoint(folder / f"rank{rank}.pdparams") for rank in range(processes)]


def test_mask_rcnn_learns_as_from_the_joined_batch(data, tmp_path):
    """Norms are frozen, so nothing else passes between the images of a batch."""
    model, frozen = "MaskRCNN-ResNet50-FPN", "Train.from_scratch=False"
    weights = tmp_path / "start"
    (start,) = run(weights, data, model, 1, 2, "Train.learning_rate=1e-12")
    options = (frozen, f"Train.pretrain_weight_path={weights / 'rank0.pdparams'}")
    (joined,) = run(tmp_path / "one", data, model, 1, 2, *options)
    both = run(tmp_path / "two", data, model, 2, 1, *options)
    moved = max(float(np.abs(joined[name] - start[name]).max()) for name in start)
    assert moved > 1e-3
    for name, value in joined.items():
        np.testing.assert_allclose(both[0][name], value, rtol=0, atol=1e-5, err_msg=name)
        np.testing.assert_array_equal(both[0][name], both[1][name], name)


@pytest.mark.parametrize("model", [name for name in MODELS if name != "MaskRCNN-ResNet50-FPN"])
def test_both_processes_have_the_same_weights(data, tmp_path, model):
    first, second = run(tmp_path / "two", data, model, 2, 1)
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name], name)


def test_a_run_of_two_processes_leaves_what_one_leaves(data, tmp_path):
    output = tmp_path / "output"
    train(tiny_config(data, output, "Train.epochs_iters=1", "Global.device=cpu:2"))
    for file in ("0/inference/inference.yml", "best_model/best_model.pdparams", "train.log"):
        assert (output / file).is_file()
    assert (output / "distributed_train_logs").is_dir()


def test_a_process_that_fails_is_told(tmp_path):
    with pytest.raises(TrainingError, match=r"one of 2 training processes.*distributed_train_logs"):
        train(tiny_config(tmp_path / "nothing", tmp_path / "output", "Global.device=cpu:2"))
    logs = tmp_path / "output" / "distributed_train_logs"
    assert "there is no annotation file" in (logs / "workerlog.0").read_text()


def test_gpus_that_are_not_there_are_told():
    with pytest.raises(InvalidArgument, match=r"Global\.device"):
        check_devices(parse_devices("gpu:97"))


def test_sizes_of_the_pictures_are_those_of_the_network():
    assert SIDE % 32 == 0  # else padding, which depends on the batch, would reach the borders
