"""Whole runs on a small data set."""

import json
import logging
import os
import shutil
import signal

import numpy as np
import paddle
import pytest
import yaml
from trainer.tiny_run import same_checkpoint, tiny_config, tiny_dataset

import instseg
from instseg.errors import InvalidArgument, ModelError
from instseg_train import load_model
from instseg_train.trainer import TrainingError, train
from instseg_train.trainer.step import Step


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tiny_dataset(tmp_path_factory.mktemp("data") / "coins")


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """Output of an uninterrupted run of three epochs of two steps."""
    output = tmp_path_factory.mktemp("whole") / "output"
    train(tiny_config(data, output))
    return output


def test_leaves_the_files_of_the_tutorial(whole):
    for name in ("0", "1", "2", "best_model", "model_final"):
        for suffix in ("pdparams", "pdema", "pdopt", "pdstates", "info.json", "yml"):
            assert (whole / name / f"{name}.{suffix}").is_file(), (name, suffix)
        for file in ("inference.yml", "inference.json", "inference.pdiparams"):
            assert (whole / name / "inference" / file).is_file()
    for file in ("train.log", "config.yaml", "curves.png", "train_batch.png", "scalars.jsonl"):
        assert (whole / file).is_file()
    assert list((whole / "tensorboard").glob("events*"))


def test_says_what_it_made_by_paddlexs_keys(whole):
    results = [json.loads((whole / f"train_result{s}.json").read_text()) for s in ("", "s")]
    assert results[0] == results[1]
    result = results[0]
    assert result["done_flag"] is True
    assert result["model_name"] == "PP-YOLOE_seg-S"
    assert sorted(result["models"]) == ["best", "last_1", "last_2", "last_3"]
    for entry in result["models"].values():
        assert 0 <= entry["score"] <= 1
        for key in ("pdparams", "pdema", "pdopt", "pdstates", "inference_config", "pdiparams"):
            assert (whole / entry[key]).is_file()
    for key in ("train_log", "config"):
        assert (whole / result[key]).is_file()


def test_logs_what_people_look_for(whole):
    text = (whole / "train.log").read_text()
    assert "epoch 3/3 step 2/2" in text
    for word in ("loss_mask", "rate", "s/step", "waiting for data", "images/s", "eta", "mask AP"):
        assert word in text


def test_a_checkpoint_is_the_averaged_model_and_its_export(whole):
    file = whole / "2" / "2.pdparams"
    model, card = load_model(file)
    assert list(card.class_names) == ["coin", "cell"]
    raw = paddle.load(str(file.with_suffix(".pdema")))
    name = "yolo_head.pred_cls.0.weight"
    assert not np.array_equal(raw[name].numpy(), model.state_dict()[name].numpy())
    picture = np.zeros((64, 64, 3), np.uint8)
    result = instseg.Predictor(whole / "2" / "inference").predict(picture)
    assert result.error is None


def test_goes_on_bit_by_bit(data, whole, tmp_path):
    resumed = tmp_path / "resumed"
    train(tiny_config(data, resumed, f"Train.resume_path={whole / '0' / '0.pdparams'}"))
    assert same_checkpoint(whole / "2", resumed / "2")


def test_a_complete_run_has_nothing_left_to_do(data, whole, tmp_path):
    output = tmp_path / "output"
    shutil.copytree(whole, output)
    train(tiny_config(data, output, "Train.resume_path=auto"))
    assert "nothing is left to train" in (output / "train.log").read_text()
    assert same_checkpoint(whole / "2", output / "2")
    other = tmp_path / "other"
    train(tiny_config(data, other, f"Train.resume_path={whole / '2' / '2.pdparams'}"))
    assert not (other / "model_final").exists()


def test_goes_on_from_the_middle_of_an_epoch(data, whole, tmp_path, monkeypatch):
    output = tmp_path / "output"
    monkeypatch.setattr(Step, "__call__", _stopping(Step.__call__, after=2))
    with pytest.raises(KeyboardInterrupt):
        train(tiny_config(data, output))
    monkeypatch.undo()
    state = json.loads((output / "interrupted" / "interrupted.pdstates").read_text())
    assert (state["epoch"], state["step_in_epoch"]) == (1, 1)
    train(tiny_config(data, output, "Train.resume_path=auto"))
    assert same_checkpoint(whole / "2", output / "2")
    assert not (output / "interrupted").exists()


def _stopping(step, *, after):
    """SIGTERM in the step behind `after` ones, which still ends."""
    done = []

    def call(self, *arguments):
        if len(done) == after:
            os.kill(os.getpid(), signal.SIGTERM)
        done.append(1)
        return step(self, *arguments)

    return call


def test_losses_that_are_no_numbers_end_it_with_a_checkpoint(data, tmp_path, monkeypatch):
    class Endless(Step):
        def __call__(self, batch, number, rate):
            if number == 3:
                bias = self._model.state_dict()["yolo_head.pred_reg.0.bias"]
                bias.set_value(paddle.full_like(bias, float("inf")))
            return Step.__call__(self, batch, number, rate)

    monkeypatch.setattr("instseg_train.trainer.run.Step", Endless)
    with pytest.raises(TrainingError, match=r"step 3 .*no numbers.*lower Train.learning_rate"):
        train(tiny_config(data, tmp_path / "output"))
    assert (tmp_path / "output" / "0" / "0.pdparams").is_file()


def test_too_little_memory_is_told(data, tmp_path, monkeypatch):
    def without_memory(self, inputs):
        raise MemoryError("ResourceExhaustedError: Out of memory error on GPU 0")

    monkeypatch.setattr("instseg_train.models.ppyoloe_seg.PPYoloeSeg.losses", without_memory)
    with pytest.raises(TrainingError, match=r"images of 4x3x64x64.*smaller Train.batch_size"):
        train(tiny_config(data, tmp_path / "output"))


def test_another_number_of_classes_is_told(data, tmp_path):
    with pytest.raises(InvalidArgument, match=r"has 2 categories: coin, cell.*num_classes=2"):
        train(tiny_config(data, tmp_path / "output", "Train.num_classes=3"))


def test_a_checkpoint_of_other_epochs_is_refused(data, whole, tmp_path):
    with pytest.raises(ModelError, match="a run with other epochs"):
        train(
            tiny_config(
                data,
                tmp_path / "output",
                f"Train.resume_path={whole / '1' / '1.pdparams'}",
                "Train.batch_size=2",
            )
        )


def test_weights_without_a_state_cannot_be_resumed(data, whole, tmp_path):
    lone = tmp_path / "lone.pdparams"
    lone.write_bytes((whole / "0" / "0.pdparams").read_bytes())
    with pytest.raises(ModelError, match=r"There is no .*lone.pdstates.*pretrain_weight_path"):
        train(tiny_config(data, tmp_path / "output", f"Train.resume_path={lone}"))


def test_an_earlier_run_is_set_aside(data, whole, tmp_path):
    output = tmp_path / "output"
    train(tiny_config(data, output, "Train.epochs_iters=1"))
    (output / "check_dataset_result.json").write_text("{}")
    before = (output / "0" / "0.pdparams").read_bytes()
    train(tiny_config(data, output, "Train.epochs_iters=1", "Train.seed=1"))
    assert (output / "earlier_1" / "0" / "0.pdparams").read_bytes() == before
    assert (output / "0" / "0.pdparams").read_bytes() != before
    assert (output / "check_dataset_result.json").is_file()


def test_old_checkpoints_go(data, tmp_path):
    output = tmp_path / "output"
    train(tiny_config(data, output, "Train.keep_checkpoints=1"))
    assert sorted(f.name for f in output.iterdir() if f.name.isdecimal()) == ["2"]


def test_without_validation_annotations_the_last_one_is_the_best(data, tmp_path, caplog):
    own = tiny_dataset(tmp_path / "coins")
    file = own / "annotations" / "instance_val.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, "annotations": []}))
    output = tmp_path / "output"
    train(tiny_config(own, output, "Train.epochs_iters=1"))
    assert "not evaluated" in (output / "train.log").read_text()
    assert (
        json.loads((output / "best_model" / "best_model.info.json").read_text())["metric"] is None
    )


def test_pretrained_weights_are_loaded(data, whole, tmp_path):
    output = tmp_path / "output"
    weights = whole / "2" / "2.pdparams"
    options = ("Train.epochs_iters=1", f"Train.pretrain_weight_path={weights}")
    train(tiny_config(data, output, *options))
    assert "weights:" in (output / "train.log").read_text()


@pytest.mark.parametrize("level", ["O1", "O2"])
def test_mixed_precision_on_a_cpu_is_told(data, tmp_path, level):
    with pytest.raises(
        InvalidArgument, match=rf"Train.amp is {level}.*on GPUs only.*Train.amp=OFF"
    ):
        train(tiny_config(data, tmp_path / "output", f"Train.amp={level}"))


def test_the_saved_configuration_trains_the_same_again(whole):
    saved = yaml.safe_load((whole / "config.yaml").read_text())
    assert saved["Global"]["model"] == "PP-YOLOE_seg-S"
    assert saved["Train"]["scale"] == {"width": 0.09, "depth": 0.34}


def test_the_log_is_closed_again(whole):
    assert logging.getLogger("instseg.train").handlers == []
