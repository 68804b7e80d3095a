"""A training that is killed again and again comes to the same end."""

import random
import subprocess
import time

from trainer.tiny_run import command, one_thread, same_checkpoint, tiny_dataset

from instseg_train.trainer.checkpoints import newest_checkpoint

KILLS = 10
EPOCHS = 10


def test_killed_at_ten_random_points_and_resumed(tmp_path):
    data = tiny_dataset(tmp_path / "coins", images=4)
    epochs = f"Train.epochs_iters={EPOCHS}"
    whole, output = tmp_path / "whole", tmp_path / "output"
    subprocess.run(command(data, whole, epochs), env=one_thread(), check=True, capture_output=True)
    choose = random.Random(3)
    again = command(data, output, epochs, "Train.resume_path=auto")
    for _ in range(KILLS):
        before = newest_checkpoint(output)
        process = subprocess.Popen(
            again, env=one_thread(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _wait_for_log(process, output)
        time.sleep(choose.uniform(0, 2.5))
        process.kill()
        process.wait()
        if before is not None:  # nothing that was there is lost
            assert newest_checkpoint(output) is not None
    subprocess.run(again, env=one_thread(), check=True, capture_output=True)
    last = str(EPOCHS - 1)
    assert same_checkpoint(whole / last, output / last)
    assert (output / "model_final" / "inference" / "inference.yml").is_file()


def _wait_for_log(process, output):
    """Until the run itself begins, which importing Paddle delays."""
    log = output / "train.log"
    size = log.stat().st_size if log.is_file() else 0
    while process.poll() is None and not (log.is_file() and log.stat().st_size > size):
        time.sleep(0.02)
