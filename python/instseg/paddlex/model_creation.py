"""`create_model`: PaddleX's arguments, as far as they mean something here."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from typing import Any

from instseg.engine_table import engines
from instseg.errors import InvalidArgument, ModelError
from instseg.model_names import OFFICIAL_MODELS
from instseg.paddlex.segmentation_model import SegmentationModel
from instseg.predict_options import check_count, check_threshold
from instseg.predictor import Predictor

# PaddleX's names of ways to run a model. Which engine is best here is instseg's to know.
_PADDLEX_ENGINES = ("paddle", "paddle_static", "hpi")
# Its run modes -> instseg's precisions. On the CPU all of FP32 are one.
_PRECISIONS = {
    "paddle": "fp32",
    "paddle_fp32": "fp32",
    "mkldnn": "fp32",
    "trt_fp32": "fp32",
    "mkldnn_bf16": "bf16",
}

_log = logging.getLogger("instseg")


def create_model(
    model_name: str | os.PathLike[str] | None = None,
    model_dir: str | os.PathLike[str] | None = None,
    *,
    device: str | None = None,
    engine: str | None = None,
    engine_config: Mapping[str, Any] | None = None,
    batch_size: int = 1,
    pp_option: Any = None,
    use_hpip: bool = False,
    hpi_config: Any = None,
    hpi_params: Any = None,
    genai_config: Any = None,
    threshold: float | None = None,
    model: str | os.PathLike[str] | None = None,
) -> SegmentationModel:
    """Loads a model.

    model_name     official name, or a folder (as PaddleX took either until 2024, then also by the
                   name `model`)
    model_dir      the model's folder; its name must then be `model_name` if that is given
    device         "cpu", "gpu", "gpu:1"; of several ids the first. A GPU that no engine here can
                   use is a warning, and the CPU runs the model. Default: the GPU if there is one
    engine         default, "paddle", "paddle_static" and "hpi": the best here; or an instseg engine
    engine_config  {"cpu_threads": ..., "run_mode": ...}, also below an engine's name. run_mode:
                   paddle, paddle_fp32, mkldnn, trt_fp32 (all FP32) or mkldnn_bf16
    batch_size     for `predict` calls that do not say
    pp_option      a PaddlePredictorOption; its run_mode and cpu_threads are taken over
    use_hpip       accepted, changes nothing: what is loaded is the fast way
    threshold      for `predict` calls that do not say; default: the model's own

    hpi_config, hpi_params and genai_config have no meaning here.

    Raises InvalidArgument, ModelError, DownloadError or EngineError.
    """
    for name, value in (
        ("hpi_config", hpi_config),
        ("hpi_params", hpi_params),
        ("genai_config", genai_config),
    ):
        if value is not None:
            raise InvalidArgument(
                f"{name} has no meaning for instseg, which chooses and configures its engine "
                "itself; leave it out, or see engine= and precision= of instseg.Predictor."
            )
    if model is not None:
        if model_name is not None:
            raise InvalidArgument(f"Give model_name={model_name!r} or model={model!r}, not both.")
        model_name = model
    if model_name is None and model_dir is None:
        raise InvalidArgument(
            f"Give model_name, one of {', '.join(OFFICIAL_MODELS)}, or model_dir, a folder."
        )
    options = {**_engine_options(engine, engine_config), **_options_of(pp_option)}
    batch_size = check_count("batch_size", batch_size)
    threshold = check_threshold(threshold)
    if not isinstance(use_hpip, bool):
        raise InvalidArgument(f"use_hpip={use_hpip!r}; expected True or False.")
    source = model_dir if model_dir is not None else model_name
    assert source is not None
    device = _device(device)
    predictor = Predictor(source, device=device, engine=_engine(engine), **options)
    if model_dir is not None and model_name is not None:
        _check_name(os.fspath(model_name), str(predictor.info()["model_name"]), model_dir)
    return SegmentationModel(predictor, batch_size=batch_size, threshold=threshold)


def _check_name(given: str, found: str, folder: str | os.PathLike[str]) -> None:
    if given != found:
        raise ModelError(
            f"Model name mismatch: model_name={given!r}, but {os.fspath(folder)} holds {found!r}. "
            "Give that name, or model_dir alone."
        )


def _engine(engine: Any) -> str:
    if engine is None or engine in _PADDLEX_ENGINES:
        return "auto"
    known = ["auto", *(str(entry["name"]) for entry in engines() if entry["automatic"])]
    if engine not in known:
        names = ", ".join((*_PADDLEX_ENGINES, *known))
        raise InvalidArgument(f"engine={engine!r} is unknown; expected one of {names}.")
    return str(engine)


def _engine_options(engine: Any, config: Any) -> dict[str, Any]:
    """Predictor's options out of PaddleX's engine_config: flat, or one part per engine."""
    if config is None:
        return {}
    if not isinstance(config, Mapping):
        raise InvalidArgument(f"engine_config={config!r}; expected a dict.")
    parts = [name for name in _PADDLEX_ENGINES if name in config]
    if parts and len(parts) < len(config):
        raise InvalidArgument(
            f"engine_config={config!r} mixes options with parts for single engines."
        )
    if parts:
        wanted = "hpi" if engine == "hpi" else "paddle_static"
        part = config.get(wanted, config.get("paddle")) or {}
        return _engine_options(engine, part)
    unknown = sorted(set(config) - {"cpu_threads", "run_mode", "device_type", "device_id"})
    if unknown:
        raise InvalidArgument(
            f"engine_config has {', '.join(map(repr, unknown))}, which instseg has no counterpart "
            "for; it knows 'cpu_threads' and 'run_mode'. Leave the others out."
        )
    if "device_type" in config or "device_id" in config:
        raise InvalidArgument("Give the device as device='gpu:0', not in engine_config.")
    return _run_options(config.get("run_mode"), config.get("cpu_threads"))


def _options_of(pp_option: Any) -> dict[str, Any]:
    """Of an object that looks like PaddlePredictorOption."""
    if pp_option is None:
        return {}
    missing = object()
    run_mode = getattr(pp_option, "run_mode", missing)
    if run_mode is missing:
        raise InvalidArgument(
            f"pp_option is of type {type(pp_option).__name__}; expected a PaddlePredictorOption "
            "with run_mode and cpu_threads."
        )
    return _run_options(run_mode, getattr(pp_option, "cpu_threads", None))


def _run_options(run_mode: Any, cpu_threads: Any) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if run_mode is not None:
        if run_mode not in _PRECISIONS:
            raise InvalidArgument(
                f"run_mode={run_mode!r} has no counterpart; expected one of "
                f"{', '.join(_PRECISIONS)}."
            )
        options["precision"] = _PRECISIONS[run_mode]
    if cpu_threads is not None:
        options["num_threads"] = check_count("cpu_threads", cpu_threads)
    return options


def _device(device: Any) -> str:
    """PaddleX's device string -> one of instseg's devices."""
    usable = {
        str(name)
        for entry in engines()
        if entry["available"] and entry["automatic"]
        for name in entry["devices"]
    }
    if device is None:
        return "gpu" if "gpu" in usable else "cpu"
    is_text = isinstance(device, str)
    match = re.fullmatch(r"([a-z_]+)(?::(\d+)(?:,\d+)*)?", device) if is_text else None
    kind, number = match.groups() if match else (None, None)
    if kind not in ("cpu", "gpu") or (kind == "cpu" and number is not None):
        raise InvalidArgument(
            f"device={device!r}; expected 'cpu', 'gpu', or 'gpu:0' with the GPU's number."
        )
    if kind == "cpu":
        return "cpu"
    for candidate in (f"gpu:{number or 0}", "gpu"):
        if candidate in usable and (candidate != "gpu" or number in (None, "0")):
            return candidate
    _log.warning("No engine here can use %s; the CPU runs the model.", device)
    return "cpu"
