"""Names, files and overrides become a configuration, or one message with all mistakes."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import yaml

from instseg.errors import InvalidArgument
from instseg.model_names import OFFICIAL_MODELS
from instseg_train.config import dump_config, read_config
from instseg_train.config.fields import known_fields
from instseg_train.config.paddlex_keys import IGNORED_KEYS
from instseg_train.config.source import own_content
from instseg_train.weights.store import official_weights_url

# Where the models differ: images of a step and learning rate.
RATES = {"Mask-RT-DETR-L": (2, 0.0001), "PP-YOLOE_seg-S": (8, 0.001)}
FAMILY_RATES = {
    "Mask-RT-DETR": (2, 0.00005),
    "MaskRCNN": (2, 0.01),
    "Cascade": (1, 0.01),
    "SOLOv2": (2, 0.01),
}


@pytest.mark.parametrize("name", OFFICIAL_MODELS)
def test_defaults_of_each_model(name: str) -> None:
    config = read_config(name)
    [family] = [rates for prefix, rates in FAMILY_RATES.items() if name.startswith(prefix)] or [()]
    train = config.train
    assert (train.batch_size, train.learning_rate) == RATES.get(name, family)
    assert (train.num_classes, train.epochs_iters, train.warmup_steps) == (2, 40, 100)
    assert (train.log_interval, train.eval_interval) == (10, 1)
    assert config.general.model == name
    assert config.general.mode == "check_dataset"
    assert train.pretrain_weight_path == config.export.weight_path == official_weights_url(name)
    assert config.evaluate.weight_path == "output/best_model/best_model.pdparams"
    assert config.predict.model_dir == "output/best_model/inference"
    assert config.predict.input is not None


@pytest.mark.parametrize("name", OFFICIAL_MODELS)
def test_own_files_hold_all_keys_of_paddlex(name: str) -> None:
    """Section 2 of its documentation, without the ones that its own files leave out."""
    content = own_content(name)
    assert {section: list(keys) for section, keys in content.items()} == {
        "Global": ["model", "mode", "dataset_dir", "device", "output"],
        "CheckDataset": ["convert", "split"],
        "Train": [
            "num_classes",
            "epochs_iters",
            "batch_size",
            "learning_rate",
            "pretrain_weight_path",
            "warmup_steps",
            "resume_path",
            "log_interval",
            "eval_interval",
        ],
        "Evaluate": ["weight_path", "log_interval"],
        "Export": ["weight_path"],
        "Predict": ["batch_size", "model_dir", "input", "kernel_option"],
    }


@pytest.mark.parametrize(
    "path",
    [
        "Mask-RT-DETR-L.yaml",
        "paddlex/configs/instance_segmentation/Mask-RT-DETR-L.yaml",
        "paddlex/configs/modules/instance_segmentation/Mask-RT-DETR-L.yaml",
        "./paddlex/configs/modules/instance_segmentation/Mask-RT-DETR-L.yaml",
        "configs/instance_segmentation/Mask-RT-DETR-L.yml",
    ],
)
def test_paths_of_the_tutorial_mean_our_own_files(path: str) -> None:
    assert read_config(path) == read_config("Mask-RT-DETR-L")


def test_a_file_at_such_a_path_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("paddlex/configs/instance_segmentation/SOLOv2.yaml")
    file.parent.mkdir(parents=True)
    file.write_text("Global: {model: SOLOv2, output: elsewhere}\nTrain:\n  epochs_iters: 3\n")
    config = read_config(file)
    assert (config.general.output, config.train.epochs_iters) == ("elsewhere", 3)


def test_what_a_file_leaves_out_is_the_models_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("Global: {model: PP-YOLOE_seg-S}\nTrain: {epochs_iters: 3}\nCheckDataset:\n")
    config = read_config(file)
    assert (config.train.epochs_iters, config.train.batch_size) == (3, 8)
    assert config.check_dataset.split.enable is False
    assert read_config("SOLOv2", ["Global.model=PP-YOLOE_seg-S"]) == read_config("PP-YOLOE_seg-S")


def test_a_real_file_of_paddlex(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With the keys that its documentation adds; forms that YAML reads in its own way too."""
    file = tmp_path / "SOLOv2.yaml"
    content = own_content("SOLOv2")
    content["Global"].update(device="gpu:0,1,2,3", export_with_pir=True)
    content["Benchmark"] = {"env": None, "num_workers": 2}
    content["Train"].update(uniform_output_enabled=True, basic_config_path=None, dy2st=True)
    content["Evaluate"]["basic_config_path"] = content["Export"]["basic_config_path"] = "x"
    content["Predict"].update(engine_config={}, use_hpip=False, hpi_config=None, genai_config=None)
    content["Predict"]["kernel_option"] = {"run_mode": "mkldnn", "cpu_threads": 8}
    file.write_text(yaml.safe_dump(content) + "\n  # as a person writes it\n")
    text = file.read_text().replace("learning_rate: 0.01", "learning_rate: 1e-2\n  amp: OFF")
    file.write_text(text)
    with caplog.at_level(logging.WARNING, logger="instseg"):
        config = read_config(file)
    assert config.general.device == "gpu:0,1,2,3"
    assert (config.train.learning_rate, config.train.amp, config.train.dy2st) == (0.01, "OFF", True)
    warned = [record.getMessage() for record in caplog.records]
    left = [*IGNORED_KEYS, "Predict.kernel_option.cpu_threads", "Predict.kernel_option.run_mode"]
    assert [message.split(" ")[0] for message in warned] == left


def test_the_ignored_keys_are_not_in_the_schema() -> None:
    assert not set(IGNORED_KEYS) & set(known_fields())


def test_a_dump_is_read_again_as_it_was(tmp_path: Path) -> None:
    config = read_config(
        "Mask-RT-DETR-H",
        [
            "Train.input_size=[320,384]",
            "Train.scale.width=0.5",
            "Global.output=123",
            "Train.amp=O1",
        ],
    )
    file = tmp_path / "config.yaml"
    file.write_text(dump_config(config))
    assert read_config(file) == config
    assert list(yaml.safe_load(file.read_text())) == [
        "Global", "CheckDataset", "Train", "Evaluate", "Export", "Predict",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("Train.bacth_size=2", r"no key Train.bacth_size. Did you mean Train.batch_size\?"),
        ("train.batch_size=2", r"no key train. Did you mean Train\?"),
        ("num_classes=2", r"no key num_classes. Did you mean Train.num_classes\?"),
        ("Global.resume_path=a", r"no key Global.resume_path. Did you mean Train.resume_path\?"),
        ("Global.xyz=a", r"no key Global.xyz. The keys there are model, mode, dataset_dir"),
        ("Global.model=SOLOv3", r"Global.model is 'SOLOv3'; .* Did you mean SOLOv2\?"),
        ("Global.mode=test", "Global.mode is 'test'; expected check_dataset or train or"),
        ("Global.device=npu", "Global.device is 'npu'; expected cpu, cpu:N"),
        ("Train=4", "Train is 4; expected keys and values"),
        ("Train.batch_size=0", "batch_size is 0; expected a whole number of at least 1"),
        ("Train.batch_size=True", "batch_size is True; expected a whole number"),
        ("Train.batch_size=2.0", "batch_size is 2.0; expected a whole number"),
        ("Train.learning_rate=T", "learning_rate is True; expected a number above 0"),
        ("Train.learning_rate=nan", "learning_rate is 'nan'; expected a number above 0"),
        ("Train.ema_decay=1", "expected a number of at least 0 and below 1, or None"),
        ("Train.input_size=[64,8]", r"is \[64, 8\]; expected a list of 2 whole .* of at least 32"),
        ("Train.resume_path=a/b", r"'a/b'; expected a checkpoint, a file that ends in .pdparams"),
        ("CheckDataset.split.enable=True", "train_percent is None and val_percent None; expected"),
        ("CheckDataset.convert.enable=True", "give src_dataset_type too, which is LabelMe"),
    ],
)
def test_one_mistake(override: str, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        read_config("SOLOv2", [override])


@pytest.mark.parametrize(("train", "val"), [(90, 20), (100, 0), (-1, 101), (33.3, 66.6)])
def test_percentages_that_are_no_split(train: float, val: float) -> None:
    key = "CheckDataset.split"
    overrides = [f"{key}.train_percent={train}", f"{key}.val_percent={val}"]
    read_config("SOLOv2", overrides)  # not asked for
    with pytest.raises(InvalidArgument, match=f"train_percent is {float(train)} and val_percent"):
        read_config("SOLOv2", [*overrides, f"{key}.enable=True"])


def test_all_mistakes_come_at_once() -> None:
    overrides = ["Train.batch_size=0", "Trian.x=1", "Global.mode=x", "Predict.threshold=2"]
    with pytest.raises(InvalidArgument, match=r"SOLOv2 has 4 mistakes:\n  ") as caught:
        read_config("SOLOv2", overrides)
    for part in ("Train.batch_size is 0", "no key Trian", "Global.mode", "Predict.threshold is 2"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1", "holds list; expected sections"),
        ("", "holds NoneType"),
        ("a: [", "is no YAML file"),
        ("Train: {}", "Global is missing"),
        ("Global: {mode: train}", "Global.model is missing"),
        ("Global: 5", "Global is 5; expected keys and values"),
        ("Global: {model: SOLOv2, output: 5}", "Global.output is 5; expected a text"),
        ("Global: {model: SOLOv2}\n1: 2", "there is no key 1"),
        ("Global: {model: [1]}", r"Global.model is \[1\]; expected a text"),
    ],
)
def test_files_that_are_no_configuration(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(InvalidArgument, match=message):
        read_config(file)


def test_an_unknown_name() -> None:
    with pytest.raises(InvalidArgument, match=r"neither a file .* Did you mean PP-YOLOE_seg-S"):
        read_config("PP-YOLOE-seg-S")
    with pytest.raises(InvalidArgument, match=r"'runs/mine.yaml' is neither a file nor"):
        read_config("runs/mine.yaml")
