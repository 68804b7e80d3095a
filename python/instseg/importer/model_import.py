"""From an official model folder to a network folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from instseg.errors import InvalidArgument, ModelError

from .atomic_folder import atomic_folder
from .cuts.cut import Cut, NetworkCut
from .cuts.families import Family, family_of
from .inference_config import InferenceConfig, read_inference_config
from .ir.extract import extract
from .ir.graph import Graph, Value
from .lowering.onnx_file import write_onnx
from .model_naming import model_name
from .network_folder import FORMAT, VERSION, is_network_folder, write_manifest
from .passes.channel_order import put_channels_last
from .passes.constant_folding import propagate
from .passes.pipeline import optimise, understand
from .program import read_program
from .program_copy import copy_program
from .source_folder import Fingerprint, SourceFolder, find_source, fingerprint, source_stamps
from .version import IMPORTER_VERSION, Progress


def import_model(
    src: str | Path,
    dst: str | Path,
    *,
    overwrite: bool = False,
    with_program: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Reads the official folder `src` and writes the network folder `dst`; returns `dst`.

    `with_program` puts the model's own program and parameters in it too, for an engine that runs
    them whole.

    `dst` appears whole or not at all, even where the process is killed. Raises ModelError where
    `src` is missing, damaged or not supported, and InvalidArgument where `dst` exists (and is not a
    network folder to be overwritten).
    """
    target = Path(dst)
    source = find_source(src)
    if target.resolve() in (source.path.resolve(), *source.path.resolve().parents):
        raise InvalidArgument(
            f"{target} is or contains the model folder {source.path} itself; choose another folder"
        )
    if overwrite and target.exists() and not is_network_folder(target):
        raise InvalidArgument(f"{target} is not a network folder: it will not be overwritten")
    try:
        with atomic_folder(target, overwrite=overwrite) as work:
            write_network_folder(
                source,
                work,
                progress or (lambda stage, fraction: None),
                with_program=with_program,
            )
    except OSError as error:
        raise ModelError(f"cannot write the network folder {target}: {error}") from error
    return target


def write_network_folder(
    source: SourceFolder,
    folder: Path,
    progress: Progress,
    known: Fingerprint | None = None,
    *,
    with_program: bool = False,
) -> None:
    """Writes all files of the network folder of `source` into `folder`, which exists.

    Raises ModelError where `source` is not what it was when its fingerprint was taken.
    """
    known = known or fingerprint(source, lambda fraction: progress("hash", fraction))
    progress("read", 0.0)
    config = read_inference_config(source.config)
    family = family_of(config.arch)
    program = read_program(source.program, source.parameters)
    propagate(program)
    progress("read", 1.0)
    cut = family.cut(understand(program))
    networks = []
    for position, network in enumerate(cut.networks):
        progress("optimise", position / len(cut.networks))
        graph = network_graph(program, network)
        progress("optimise", (position + 1) / len(cut.networks))
        _check_config(config, cut, graph, source)
        file = "network.onnx" if len(cut.networks) == 1 else f"{network.role}.onnx"
        name = f"{model_name(config, source.path)}/{network.role}"
        written = write_onnx(
            graph, folder / file, name=name, progress=lambda fraction: progress("write", fraction)
        )
        networks.append(
            {
                "role": network.role,
                "file": file,
                "size_bytes": written.size_bytes,
                "sha256": written.sha256,
                "inputs": _tensors(network.inputs, {value.name: value for value in graph.inputs}),
                "outputs": _tensors(network.outputs, graph.outputs),
            }
        )
    manifest = _manifest(source, config, family, cut, known.sha256, networks)
    if with_program:
        manifest["program"] = copy_program(source, program, folder)
    write_manifest(folder, manifest)
    if source_stamps(source) != known.stamps:
        raise ModelError(f"{source.path} changed while it was read; try again")


def network_graph(program: Graph, network: NetworkCut, extra_outputs: Iterable[str] = ()) -> Graph:
    """The optimised graph of one network, ready for `write_onnx`.

    `extra_outputs` are names of further values of the program (see `extract`); they become outputs
    of those names.
    """
    part = extract(
        program,
        {name: value.name for (name, _), value in network.inputs.items()},
        {
            **{name: value.name for (name, _), value in network.outputs.items()},
            **{name: name for name in extra_outputs},
        },
    )
    for node in part.nodes:
        if node.attrs.get("in_loop"):
            raise ModelError(f"{node.describe()}: a loop is not supported in a dense network")
    return optimise(understand(put_channels_last(part, network.channels_last)))


def _check_config(config: InferenceConfig, cut: Cut, graph: Graph, source: SourceFolder) -> None:
    if len(config.class_names) != cut.num_classes:
        raise ModelError(
            f"{source.config} lists {len(config.class_names)} classes, but the program has "
            f"{cut.num_classes}: the files do not belong together"
        )
    for value in graph.inputs:
        if value.name != "image" or config.preprocess.keep_ratio:
            continue
        size = (config.preprocess.height, config.preprocess.width)
        if any(isinstance(a, int) and a != b for a, b in zip(value.shape[2:], size, strict=True)):
            raise ModelError(
                f"{source.config} resizes to {size}, but the program takes {value}: the files do "
                "not belong together"
            )


def _tensors(cut: dict[tuple[str, str], Value], values: dict[str, Value]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "meaning": meaning,
            "dtype": values[name].dtype.name,
            "shape": [dim if isinstance(dim, int) else -1 for dim in values[name].shape],
        }
        for name, meaning in cut
    ]


def _manifest(
    source: SourceFolder,
    config: InferenceConfig,
    family: Family,
    cut: Cut,
    sha256: str,
    networks: list[dict[str, Any]],
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "model_name": model_name(config, source.path),
        "family": family.name,
        "class_names": list(config.class_names),
        "source": {
            "program": source.program.name,
            "sha256": sha256,
            "importer_version": IMPORTER_VERSION,
        },
        "preprocess": config.preprocess.to_json(),
        "thresholds": {"score": config.score_threshold, "mask": cut.mask_threshold},
        "postprocess": cut.postprocess,
        "networks": networks,
    }
