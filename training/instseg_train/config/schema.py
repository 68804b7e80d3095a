"""Sections and keys of a configuration: PaddleX's (docs/tutorial.md lists them), and ours.

Keys that PaddleX does not know have defaults that leave its behaviour as it is.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Side = Annotated[int, Field(ge=32)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_assignment=True, protected_namespaces=())


class GlobalSection(_Section):
    """model: an official name; device: `cpu`, `gpu`, `gpu:0`, `gpu:0,1`, `cpu:2` (two processes)."""

    model: str
    mode: Literal["check_dataset", "train", "evaluate", "export", "predict"] = "check_dataset"
    dataset_dir: str = "dataset"
    device: str = "cpu"
    output: str = "output"


class ConvertSection(_Section):
    enable: bool = False
    src_dataset_type: Literal["LabelMe"] | None = None


class SplitSection(_Section):
    """Percentages of the images; they sum to 100."""

    enable: bool = False
    train_percent: float | None = None
    val_percent: float | None = None
    seed: int = 0


class CheckDatasetSection(_Section):
    convert: ConvertSection = ConvertSection()
    split: SplitSection = SplitSection()


class ScaleSection(_Section):
    """Multipliers of channels and blocks, for small variants; 1: the official size."""

    width: float = Field(1.0, gt=0, le=4)
    depth: float = Field(1.0, gt=0, le=4)


class TrainSection(_Section):
    """batch_size is per process; eval_interval is in epochs, of evaluation and checkpoints; amp's
    levels are Paddle's. Ours: from `seed` on."""

    num_classes: int = Field(2, ge=1)
    epochs_iters: int = Field(40, ge=1)
    batch_size: int = Field(2, ge=1)
    learning_rate: float = Field(0.0001, gt=0)
    pretrain_weight_path: str | None = None
    warmup_steps: int = Field(100, ge=0)
    resume_path: str | None = None
    log_interval: int = Field(10, ge=1)
    eval_interval: int = Field(1, ge=1)
    amp: Literal["OFF", "O1", "O2"] = "OFF"
    dy2st: bool = False
    dist_ips: str | None = None
    seed: int = Field(0, ge=0)
    num_workers: int = Field(2, ge=0)
    input_size: tuple[Side, Side] | None = None
    scale: ScaleSection = ScaleSection()
    from_scratch: bool = False
    ema_decay: float | None = Field(None, ge=0, lt=1)
    keep_checkpoints: int = Field(5, ge=1)


class EvaluateSection(_Section):
    """weight_path: a checkpoint (.pdparams), or an exported folder. Ours: engine, precision."""

    weight_path: str = "output/best_model/best_model.pdparams"
    log_interval: int = Field(10, ge=1)
    engine: str = "auto"
    precision: str = "fp32"


class ExportSection(_Section):
    weight_path: str | None = None
    program_format: Literal["pir", "legacy"] = "pir"
    input_size: tuple[Side, Side] | None = None


class KernelOptionSection(_Section):
    run_mode: str = "paddle"


class PredictSection(_Section):
    batch_size: int = Field(1, ge=1)
    model_dir: str | None = "output/best_model/inference"
    input: str | None = None
    threshold: float | None = Field(None, ge=0, le=1)
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
