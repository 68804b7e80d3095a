"""`instseg info`: what a model is, and whether its files are whole."""

import json as json_module
from typing import Annotated, Any

import typer

from instseg.cli.model_options import CacheDir, Model


def info(
    model: Model,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    cache_dir: CacheDir = None,
) -> None:
    """Show a model and check its files.

    An official folder is imported into the cache.
    """
    from instseg.cli.progress_bar import stage_bar
    from instseg.importer import cached_network_folder, verify_network_folder
    from instseg.model_store import locate_model

    with stage_bar() as progress:
        given = locate_model(model, cache_dir, progress)
        folder = cached_network_folder(given, cache_dir, progress=progress)
        manifest = verify_network_folder(folder)
    if json:
        typer.echo(json_module.dumps({**manifest, "folder": str(folder)}, ensure_ascii=False))
    else:
        typer.echo(_text(manifest, str(given), str(folder)))


def _text(manifest: dict[str, Any], given: str, folder: str) -> str:
    names = manifest["class_names"]
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    resize = manifest["preprocess"]["resize"]
    lines = [
        f"model           {manifest['model_name']}",
        f"family          {manifest['family']}",
        f"classes         {len(names)}: {shown}",
        f"network input   {resize['width']} x {resize['height']}, {resize['interpolation']}"
        + (", aspect ratio kept" if resize["keep_ratio"] else ""),
        f"score threshold {manifest['thresholds']['score']}",
        f"folder          {given}",
    ]
    if folder != given:
        lines.append(f"imported as     {folder}")
    for network in manifest["networks"]:
        lines.append(
            f"network         {network['role']}: {network['file']}, "
            f"{network['size_bytes'] / 1e6:.1f} MB, SHA-256 right"
        )
        for direction, tensors in (("in", network["inputs"]), ("out", network["outputs"])):
            lines += [f"  {direction:<14}{_tensor(tensor)}" for tensor in tensors]
    return "\n".join(lines)


def _tensor(tensor: dict[str, Any]) -> str:
    shape = ", ".join("?" if side == -1 else str(side) for side in tensor["shape"])
    meaning = "" if tensor["meaning"] == tensor["name"] else f" ({tensor['meaning']})"
    return f"{tensor['name']}{meaning}: {tensor['dtype']} [{shape}]"
