"""From what the user calls a model to something that runs it: which folder, which engine."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from instseg import _core
from instseg.cache_folder import cache_folder, make_private_folder
from instseg.engine_table import check_engine, engines, is_reference
from instseg.errors import ModelError
from instseg.model_store import locate_model

if TYPE_CHECKING:
    from instseg.progress import Progress
    from instseg.reference.reference_predictor import ReferencePredictor

_TENSORRT = "tensorrt"

_log = logging.getLogger("instseg")


@dataclass(frozen=True)
class LoadedModel:
    """core: has the methods of `_core.Predictor`; folder: what it loaded."""

    core: _core.Predictor | ReferencePredictor
    folder: Path


def load_model(
    model: str | os.PathLike[str],
    *,
    engine: str,
    cache_dir: str | os.PathLike[str] | None,
    max_image_pixels: int,
    progress: Progress | None,
    **options: Any,
) -> LoadedModel:
    """options: device, precision, num_threads (0 = every core) and num_streams.

    Raises ModelError, DownloadError, InvalidArgument or EngineError.
    """
    if is_reference(check_engine(engine)):
        from instseg.reference.reference_predictor import ReferencePredictor

        folder = _official_folder(model, cache_dir, progress)
        return LoadedModel(ReferencePredictor(folder, **options), folder)
    folder = _network_folder(model, cache_dir, progress)
    if _runs_mixed_precision(engine, **options):
        from instseg.mixed_precision import ensure_mixed_precision

        ensure_mixed_precision(folder)
    core = _core.Predictor(
        str(folder),
        engine=engine,
        cache_dir=_compile_cache(cache_dir),
        max_image_pixels=max_image_pixels,
        progress=_log_line,
        **options,
    )
    return LoadedModel(core, folder)


def _runs_mixed_precision(engine: str, *, device: str, precision: str, **_: Any) -> bool:
    """Whether TensorRT will be asked for half precision, whose networks are prepared here."""
    if (
        precision != "fp16"
        or device.partition(":")[0] != "gpu"
        or engine not in (_TENSORRT, "auto")
    ):
        return False
    return any(known["name"] == _TENSORRT and known["available"] for known in engines())


def _log_line(line: str) -> None:
    """What an engine says while it compiles for minutes."""
    _log.info("%s", line)


def _network_folder(
    model: str | os.PathLike[str],
    cache_dir: str | os.PathLike[str] | None,
    progress: Progress | None,
) -> Path:
    """The checked network folder of `model`, fetched and imported if need be."""
    from instseg.importer import cached_network_folder, is_network_folder, verify_network_folder

    folder = locate_model(model, cache_dir, progress)
    if is_network_folder(folder):
        verify_network_folder(folder)
        return folder
    return cached_network_folder(folder, cache_dir, progress=progress)


def _official_folder(
    model: str | os.PathLike[str],
    cache_dir: str | os.PathLike[str] | None,
    progress: Progress | None,
) -> Path:
    """The official folder of `model`, fetched if need be."""
    from instseg.importer import is_network_folder

    folder = locate_model(model, cache_dir, progress)
    if is_network_folder(folder):
        raise ModelError(
            f'{folder} is a network folder (instseg.json); the engine "paddle" runs whole programs '
            "and needs the official folder it was imported from (inference.yml, inference.json or "
            'inference.pdmodel, inference.pdiparams), or an official name. engine="auto" runs '
            "network folders."
        )
    return folder


def _compile_cache(cache_dir: str | os.PathLike[str] | None) -> str:
    """Folder for compiled networks; "" (compile at every load) where it cannot be used."""
    try:
        return str(make_private_folder(cache_folder(cache_dir) / "compiled"))
    except ModelError as error:
        _log.warning("Networks are compiled at every load: %s", error)
        return ""
