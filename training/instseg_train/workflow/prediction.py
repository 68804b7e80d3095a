"""Mode predict."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

from instseg import Predictor, Result
from instseg.cli.listed_items import listed_items
from instseg.cli.output_files import OutputFiles
from instseg.cli.progress_bar import item_bar, stage_bar
from instseg.errors import ImageError, InstsegError, InvalidArgument
from instseg_train.config import Config, parse_devices


def predict(config: Config) -> dict[str, Any]:
    """Segments Predict.input; writes NAME_segmented.json and picture of each into `Global.output`.

    Predict.model_dir: None: the official model. Raises InvalidArgument: no input, no model there;
    ImageError: pictures that failed, after all others are done.
    """
    section = config.predict
    if section.input is None:
        raise InvalidArgument(
            "Predict.input is not given; give a picture, a folder, a pattern or an address"
        )
    if section.model_dir is not None and not Path(section.model_dir).expanduser().exists():
        raise InvalidArgument(
            f"Predict.model_dir is {section.model_dir}, which does not exist; give an exported "
            "folder, such as the inference folder of a training, or None for the official model"
        )
    output = Path(config.general.output).expanduser()
    sources = [section.input] if isinstance(section.input, str) else section.input
    items = listed_items(sources, output)
    files = OutputFiles(output, items, json=True, picture=True, mask_format="rle", overwrite=True)
    devices = parse_devices(config.general.device)
    with stage_bar() as progress:
        predictor = Predictor(
            section.model_dir or config.general.model,
            engine=devices.engine(section.engine),
            device=devices.first,
            precision=section.precision,
            num_streams=section.batch_size,
            progress=progress,
        )
    results: list[dict[str, Any]] = []
    position = -1  # of the item that a result belongs to
    with item_bar(len(items)) as bar:
        stream = predictor.stream(items, batch_size=section.batch_size, threshold=section.threshold)
        for result in stream:
            position += result.page_index in (None, 0)
            results.append(_written(result, position, files))
            bar.clear()
            print(_line(results[-1]))
            bar.update()
    failed = [entry for entry in results if "error" in entry]
    if failed:
        raise ImageError(
            f"{len(failed)} of {len(results)} pictures failed; the first is "
            f"{failed[0]['input_path']}: {failed[0]['error']}"
        )
    return {"model_dir": str(section.model_dir or config.general.model), "results": results}


def _written(result: Result, position: int, files: OutputFiles) -> dict[str, Any]:
    """Writes the files of a result; what became of it."""
    where = os.fsencode(result.source or result.source_name).decode(errors="replace")
    entry: dict[str, Any] = {"input_path": where, "page_index": result.page_index}
    error: Exception | None = result.error
    if error is None:
        try:
            files.write(position, result)
        except (InstsegError, OSError) as problem:
            error = problem
    if error is not None:
        return {**entry, "error": str(error)}
    return {**entry, "instances": len(result), "classes": dict(Counter(result.labels))}


def _line(entry: dict[str, Any]) -> str:
    page = "" if entry["page_index"] is None else f" [{entry['page_index']}]"
    if "error" in entry:
        return f"{entry['input_path']}{page}: failed: {entry['error']}"
    found = ", ".join(f"{count} {label}" for label, count in entry["classes"].items())
    listed = f" ({found})" if found else ""
    return f"{entry['input_path']}{page}: {entry['instances']} instances{listed}"
