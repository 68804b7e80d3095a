"""`instseg info`: what a model is and costs, whether its files are whole, and what can run it."""

import json as json_module
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from instseg.cli.model_options import CacheDir, Device, Engine, Model, Precision, Threads

if TYPE_CHECKING:
    from instseg.memory_use import MemoryUse
    from instseg.model_cost import ModelCost, NetworkRuns


def info(
    model: Model,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    memory: Annotated[
        bool,
        typer.Option(
            "--memory", help="Also load the model in a process of its own and measure its memory."
        ),
    ] = False,
    device: Device = "cpu",
    engine: Engine = "auto",
    precision: Precision = "fp32",
    threads: Threads = None,
    cache_dir: CacheDir = None,
) -> None:
    """Show a model and check its files.

    Family, networks with their inputs, outputs and operators, parameters, floating-point operations
    (FLOPs: a multiply-add of a convolution or matrix product counts 2), and the engines that can
    run it here. An official folder is imported into the cache. Device, engine, precision and
    threads matter to --memory only.
    """
    from instseg.cli.progress_bar import stage_bar
    from instseg.engine_table import described, engines, is_reference
    from instseg.importer import cached_network_folder, verify_network_folder
    from instseg.memory_use import measure_memory
    from instseg.model_cost import model_cost
    from instseg.model_store import locate_model

    with stage_bar() as progress:
        given = locate_model(model, cache_dir, progress)
        folder = cached_network_folder(given, cache_dir, progress=progress)
        manifest = verify_network_folder(folder)
    cost = model_cost(folder, manifest)
    measured = None
    if memory:
        measured = measure_memory(
            given,
            device=device,
            engine=engine,
            precision=precision,
            num_threads=threads,
            cache_dir=cache_dir,
        )
    table = engines()
    if json:
        report = {**manifest, "folder": str(folder), "cost": cost.to_dict(), "engines": table}
        if measured is not None:
            report["memory"] = asdict(measured)
        typer.echo(json_module.dumps(report, ensure_ascii=False))
        return
    for line in _lines(manifest, given, folder, cost):
        typer.echo(line)
    for line in _memory_lines(manifest, measured):
        typer.echo(line)
    for entry in table:
        lacks_program = is_reference(entry["name"]) and entry["available"] and given == folder
        needs = "; needs the official folder" if lacks_program else ""
        typer.echo(f"engine          {described(entry)}{needs}")


def _lines(manifest: dict[str, Any], given: Path, folder: Path, cost: "ModelCost") -> Iterator[str]:
    names = manifest["class_names"]
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    resize = manifest["preprocess"]["resize"]
    ratio = ", aspect ratio kept" if resize["keep_ratio"] else ""
    yield f"model           {manifest['model_name']}"
    yield f"family          {manifest['family']}"
    yield f"classes         {len(names)}: {shown}"
    yield (
        f"network input   {resize['width']} x {resize['height']}, {resize['interpolation']}{ratio}"
    )
    yield f"score threshold {manifest['thresholds']['score']}"
    yield f"folder          {given}"
    if folder != given:
        yield f"imported as     {folder}"
    for network, runs in zip(manifest["networks"], cost.networks, strict=True):
        yield from _network_lines(network, runs)
    yield f"parameters      {cost.parameters / 1e6:.2f} million"
    yield f"FLOPs           {_model_flops(cost)}"


def _network_lines(network: dict[str, Any], runs: "NetworkRuns") -> Iterator[str]:
    yield (
        f"network         {network['role']}: {network['file']}, "
        f"{network['size_bytes'] / 1e6:.1f} MB, SHA-256 right"
    )
    for direction, tensors in (("in", network["inputs"]), ("out", network["outputs"])):
        for tensor in tensors:
            yield f"  {direction:<14}{_tensor(tensor)}"
    joined = "\N{NO-BREAK SPACE}"  # between an operator and its count, where no line may end
    operators = ", ".join(f"{name}{joined}{count}" for name, count in runs.cost.operators.items())
    for number, line in enumerate(textwrap.wrap(operators, width=84)):
        yield f"  {'' if number else 'operators':<14}{line.replace(joined, ' ')}"
    yield f"  parameters    {runs.cost.parameters / 1e6:.2f} million"
    yield f"  FLOPs         {_flops(runs.cost.flops)} per {runs.per}"


def _model_flops(cost: "ModelCost") -> str:
    height, width = cost.input_size
    at = [f"an input of {width} x {height}"]
    at += [f"{runs.count} boxes" for runs in cost.networks if runs.per == "box"][:1]
    text = f"{_flops(cost.flops)} per image, at {' and '.join(at)}"
    if cost.flops_per_instance != 0:
        text += f"; {_flops(cost.flops_per_instance)} more for each instance"
    return text


def _flops(flops: int | None) -> str:
    if flops is None:
        return "unknown number"
    if flops >= 10**9:
        return f"{flops / 1e9:.{1 if flops >= 10**10 else 2}f} G"
    return f"{flops / 1e6:.1f} M"


def _memory_lines(manifest: dict[str, Any], measured: "MemoryUse | None") -> Iterator[str]:
    files = sum(network["size_bytes"] for network in manifest["networks"])
    yield f"memory          {files / 1e6:.1f} MB of network files" + (
        "" if measured else "; --memory measures a process that runs them"
    )
    if measured is not None:
        yield (
            f"  resident      {measured.loaded / 1e6:.0f} MB once loaded, "
            f"{measured.predicted / 1e6:.0f} MB after a prediction (1920 x 1080, threshold 0), "
            f"{measured.peak / 1e6:.0f} MB at most"
        )
        yield f"                of these {measured.started / 1e6:.0f} MB without a model"


def _tensor(tensor: dict[str, Any]) -> str:
    shape = ", ".join("?" if side == -1 else str(side) for side in tensor["shape"])
    meaning = "" if tensor["meaning"] == tensor["name"] else f" ({tensor['meaning']})"
    return f"{tensor['name']}{meaning}: {tensor['dtype']} [{shape}]"
