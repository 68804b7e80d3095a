"""`instseg doctor`: what this installation can do, and what to do about what it cannot."""

import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer

from instseg.machine import processor_fields, processor_name, usable_cores

_PACKAGES = ("numpy", "pillow", "onnx", "openvino", "filelock", "pyyaml", "typer", "tqdm")
_CPU_FLAGS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_bf16")


def doctor() -> None:
    """Check this installation.

    Lists versions, processor, engines and folders. Exit code 1: it cannot run as it is.
    """
    problems: list[str] = []
    for line in _report(problems):
        typer.echo(line)
    typer.echo()
    for problem in problems:
        typer.echo(f"PROBLEM  {problem}")
    if problems:
        raise typer.Exit(1)
    typer.echo("Ready.")


def _report(problems: list[str]) -> Iterator[str]:
    import instseg

    yield f"instseg        {instseg.__version__} in {Path(instseg.__file__).parent}"
    yield f"python         {platform.python_version()} ({sys.executable})"
    yield f"system         {platform.platform()}"
    yield f"packages       {', '.join(_package(name) for name in _PACKAGES)}"
    yield from _processor()
    yield from _engines(problems)
    yield from _cache(problems)
    yield from _model_dir(problems)


def _package(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} MISSING"


def _processor() -> Iterator[str]:
    flags = processor_fields().get("flags", "").split()
    yield f"processor      {processor_name()}, {usable_cores()} of {os.cpu_count()} cores usable"
    if flags:
        yield f"instructions   {', '.join(f for f in _CPU_FLAGS if f in flags) or 'none of note'}"


def _engines(problems: list[str]) -> Iterator[str]:
    try:
        from instseg import _core
    except ImportError as error:
        problems.append(
            f"The compiled part of instseg cannot be loaded: {error}. Install instseg again with "
            "pip; it brings the right version of openvino."
        )
        return
    yield f"kernels        {_core.cpu_isa()}"
    cuda = "in this build" if _core.has_cuda_kernels() else "not in this build (docs/gpu.md)"
    yield f"CUDA kernels   {cuda}"
    from instseg.engine_table import described, engines

    for engine in engines():
        yield f"engine         {described(engine)}"
    if not any(engine["available"] for engine in engines() if engine["automatic"]):
        problems.append("No engine is available, so no network can run; see the remedies above.")


def _cache(problems: list[str]) -> Iterator[str]:
    from instseg.cache_folder import cache_folder, make_private_folder
    from instseg.errors import ModelError

    try:
        folder = make_private_folder(cache_folder())
    except ModelError as error:
        problems.append(str(error))
        return
    size_bytes = sum(_size_bytes(path) for path in folder.rglob("*"))
    yield f"cache          {folder}, {size_bytes / 1e6:.1f} MB; may be deleted at any time"


def _size_bytes(path: Path) -> int:
    try:
        return path.lstat().st_size if path.is_file() and not path.is_symlink() else 0
    except OSError:
        return 0  # gone in the meantime


def _model_dir(problems: list[str]) -> Iterator[str]:
    from instseg.model_store import MODEL_DIR_VARIABLE, is_model_folder

    named = os.environ.get(MODEL_DIR_VARIABLE)
    if not named:
        yield f"models         {MODEL_DIR_VARIABLE} is not set: names are fetched into the cache"
        return
    folder = Path(named).expanduser()
    try:
        found = sorted(path.name for path in folder.iterdir() if is_model_folder(path))
    except OSError as error:
        problems.append(f"{MODEL_DIR_VARIABLE}={named} cannot be read: {error}.")
        return
    yield f"models         {folder}: {', '.join(found) or 'no model folder'}"
