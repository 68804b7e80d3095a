"""Sections and keys of a configuration: PaddleX's (docs/tutorial.md lists them), and ours.

Keys that PaddleX does not know have defaults that leave its behaviour as it is.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from instseg.model_names import OFFICIAL_MODELS
from instseg_train.config.devices import parse_devices
from instseg_train.config.nearest import did_you_mean


def _official(name: str) -> str:
    if name not in OFFICIAL_MODELS:
        raise ValueError(f"expected a model's name.{did_you_mean(name, OFFICIAL_MODELS)}")
    return name


def _device(text: str) -> str:
    parse_devices(text)
    return text


def _checkpoint(path: str) -> str:
    if not path.endswith(".pdparams"):
        raise ValueError("expected a checkpoint, a file that ends in .pdparams")
    return path


def _no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError  # the message is the one for the key
    return value


def _off(value: object) -> object:
    return "OFF" if value is False else value  # YAML reads the bare word so


# Lax reading would take True for 1, and "yes" for True. Numbers such as 1e-4 are text in YAML.
Count = Annotated[int, Field(strict=True, ge=1)]
CountOrZero = Annotated[int, Field(strict=True, ge=0)]
Number = Annotated[float, BeforeValidator(_no_bool), Field(allow_inf_nan=False)]
Positive = Annotated[Number, Field(gt=0)]
Multiplier = Annotated[Number, Field(gt=0, le=4)]
Text = Annotated[str, Field(min_length=1)]
Flag = Annotated[bool, Field(strict=True)]
Side = Annotated[int, Field(strict=True, ge=32)]
Checkpoint = Annotated[str, AfterValidator(_checkpoint)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_assignment=True, protected_namespaces=())


class GlobalSection(_Section):
    """model: an official name; device: `cpu`, `gpu`, `gpu:0`, and with several processes `cpu:2`,
    `gpu:0,1`; output: a folder."""

    model: Annotated[str, AfterValidator(_official)]
    mode: Literal["check_dataset", "train", "evaluate", "export", "predict"] = "check_dataset"
    dataset_dir: Text = "dataset"
    device: Annotated[str, AfterValidator(_device)] = "cpu"
    output: Text = "output"


class ConvertSection(_Section):
    """From another format to COCO's, in place, before the split and the check."""

    enable: Flag = False
    src_dataset_type: Literal["LabelMe"] | None = None

    @model_validator(mode="after")
    def _has_a_type(self) -> ConvertSection:
        if self.enable and self.src_dataset_type is None:
            raise ValueError("enable is True: give src_dataset_type too, which is LabelMe")
        return self


class SplitSection(_Section):
    """Percentages of the images; they sum to 100. Ours: seed, of the drawing."""

    enable: Flag = False
    train_percent: Number | None = None
    val_percent: Number | None = None
    seed: CountOrZero = 0

    @model_validator(mode="after")
    def _sums_to_100(self) -> SplitSection:
        if not self.enable:
            return self
        train, val = self.train_percent, self.val_percent
        if train is None or val is None or train <= 0 or val <= 0 or abs(train + val - 100) > 1e-9:
            raise ValueError(
                f"enable is True: train_percent is {train} and val_percent {val}; expected two "
                "numbers above 0 that sum to 100"
            )
        return self


class CheckDatasetSection(_Section):
    convert: ConvertSection = ConvertSection()
    split: SplitSection = SplitSection()


class ScaleSection(_Section):
    """Multipliers of channels and blocks, for small variants; 1: the official size."""

    width: Multiplier = 1.0
    depth: Multiplier = 1.0


class TrainSection(_Section):
    """PaddleX's keys:

    batch_size            images of a step, per process
    learning_rate         at the end of the warm-up; not scaled by the number of processes
    pretrain_weight_path  file or address; None: random weights
    warmup_steps          of linear warm-up
    resume_path           the checkpoint (.pdparams) of a run to go on with; auto: the furthest one
                          in Global.output, if there is one
    log_interval          in steps
    eval_interval         in epochs, of evaluation and checkpoints
    amp                   Paddle's levels of mixed precision
    dy2st                 no effect: layers are trained as they are
    dist_ips              addresses of the hosts, separated by commas

    Ours:

    seed                  of weights, order of images and augmentation
    num_workers           processes that load images; 0: none beside the training one
    input_size            `target_size` of Mask-RT-DETR and PP-YOLOE_seg: height, width (multiples
                          of 32), of the others the shorter and the longest side; None: official
    scale                 multipliers of channels and blocks, for small variants
    optimizer             instead of the model's own: `momentum` or `adamw`
    clip_norm             largest norm of all gradients together; None: the model's own, if any
    from_scratch          let the whole backbone learn, norms too; without pretrained weights
                          that is so anyway
    ema_decay             of the averaged weights; None: the model's own, 0: no averaging
    keep_checkpoints      so many of the last epochs stay on disk
    """

    num_classes: Count = 2
    epochs_iters: Count = 40
    batch_size: Count = 2
    learning_rate: Positive = 0.0001
    pretrain_weight_path: str | None = None
    warmup_steps: CountOrZero = 100
    resume_path: Literal["auto"] | Checkpoint | None = None
    log_interval: Count = 10
    eval_interval: Count = 1
    amp: Annotated[Literal["OFF", "O1", "O2"], BeforeValidator(_off)] = "OFF"
    dy2st: Flag = False
    dist_ips: str | None = None
    seed: CountOrZero = 0
    num_workers: CountOrZero = 2
    input_size: tuple[Side, Side] | None = None
    scale: ScaleSection = ScaleSection()
    optimizer: Literal["momentum", "adamw"] | None = None
    clip_norm: Positive | None = None
    from_scratch: Flag = False
    ema_decay: Annotated[Number, Field(ge=0, lt=1)] | None = None
    keep_checkpoints: Count = 5


class EvaluateSection(_Section):
    """weight_path: a checkpoint (.pdparams), or an exported folder. Ours: engine, precision."""

    weight_path: Text = "output/best_model/best_model.pdparams"
    log_interval: Count = 10
    engine: str = "auto"
    precision: str = "fp32"


class ExportSection(_Section):
    """weight_path: file or address (.pdparams). Ours: program_format, and input_size as Train's."""

    weight_path: str | None = None
    program_format: Literal["pir", "legacy"] = "pir"
    input_size: tuple[Side, Side] | None = None


class KernelOptionSection(_Section):
    """PaddleX's choice of a kernel library; Predict.engine and Predict.precision replace it."""

    run_mode: str = "paddle"


class PredictSection(_Section):
    """model_dir: an exported folder; None: the official model. input: a file, folder, pattern or
    address. threshold: None: the model's own. Ours: engine, precision."""

    batch_size: Count = 1
    model_dir: str | None = "output/best_model/inference"
    input: str | list[str] | None = None
    threshold: Annotated[Number, Field(ge=0, le=1)] | None = None
    engine: str = "auto"
    precision: str = "fp32"
    kernel_option: KernelOptionSection = KernelOptionSection()


class Config(BaseModel):
    """One run. The attribute of section `Global` is `general`: the word is reserved in Python."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, validate_assignment=True)

    general: GlobalSection = Field(alias="Global")
    check_dataset: CheckDatasetSection = Field(CheckDatasetSection(), alias="CheckDataset")
    train: TrainSection = Field(TrainSection(), alias="Train")
    evaluate: EvaluateSection = Field(EvaluateSection(), alias="Evaluate")
    export: ExportSection = Field(ExportSection(), alias="Export")
    predict: PredictSection = Field(PredictSection(), alias="Predict")

    def content(self) -> dict[str, Any]:
        """The sections and keys as a file has them, as plain data."""
        content: dict[str, Any] = self.model_dump(mode="json", by_alias=True)
        return content
