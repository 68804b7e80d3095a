"""`instseg predict`: segments pictures and writes what was found."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from instseg.cli.model_options import (
    CacheDir,
    Device,
    Engine,
    Model,
    Precision,
    Threads,
    Threshold,
    load_predictor,
)


class MaskFormatOption(str, Enum):
    """How masks are written into JSON."""

    RLE = "rle"
    POLYGON = "polygon"
    DENSE = "dense"


def predict(
    model: Model,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Pictures: files, folders, patterns, http(s) addresses; also PDF and video files.",
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for pictures and JSON files.")
    ] = None,
    threshold: Threshold = None,
    classes: Annotated[
        str | None, typer.Option(help="Only these, by name or id, separated by commas.")
    ] = None,
    max_detections: Annotated[
        int | None, typer.Option(min=1, help="At most so many per picture, best first.")
    ] = None,
    mask_format: Annotated[
        MaskFormatOption, typer.Option(help="Masks in JSON; dense is PaddleX's shape.")
    ] = MaskFormatOption.RLE,
    json: Annotated[bool, typer.Option(help="Write a JSON file for each picture.")] = True,
    picture: Annotated[bool, typer.Option(help="Write each picture with what was found.")] = True,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files of an earlier run.")
    ] = False,
    streams: Annotated[
        int,
        typer.Option(min=1, help="Pictures computed side by side; they share the threads."),
    ] = 1,
    tile: Annotated[
        str | None,
        typer.Option(
            metavar="SIDE|HEIGHTxWIDTH",
            help="Segment large pictures in tiles of so many pixels, e.g. 640 or 640x960.",
        ),
    ] = None,
    overlap: Annotated[
        str,
        typer.Option(
            metavar="FRACTION|PIXELS", help="What neighbouring tiles share, e.g. 0.2 or 128."
        ),
    ] = "0.2",
    device: Device = "cpu",
    engine: Engine = "auto",
    precision: Precision = "fp32",
    threads: Threads = None,
    cache_dir: CacheDir = None,
) -> None:
    """Segment pictures.

    For one picture, lists its instances; for several, a line for each. With --output, writes
    NAME_segmented.json and the picture with boxes, labels and masks for each. A picture that fails
    is reported and the others still done; then the exit code is 1.
    """
    from instseg.cli.listed_items import listed_items
    from instseg.cli.output_files import OutputFiles
    from instseg.cli.progress_bar import item_bar
    from instseg.cli.result_report import report_result
    from instseg.cli.result_text import result_line, result_table
    from instseg.cli.tile_options import parse_overlap, parse_tile

    tile_size, tile_overlap = parse_tile(tile), parse_overlap(overlap)
    items = listed_items(sources, output)
    files = None
    if output is not None:
        files = OutputFiles(
            output,
            items,
            json=json,
            picture=picture,
            mask_format=mask_format.value,
            overwrite=overwrite,
        )
    predictor = load_predictor(
        model,
        device=device,
        engine=engine,
        precision=precision,
        threads=threads,
        streams=streams,
        cache_dir=cache_dir,
    )
    wanted = _split_classes(classes, predictor.class_names)
    stream = predictor.stream(
        items,
        batch_size=streams,
        threshold=threshold,
        max_detections=max_detections,
        classes=wanted,
        tile=tile_size,
        overlap=tile_overlap,
    )
    failed = done = 0
    position = -1  # of the item that a result belongs to
    with item_bar(len(items)) as bar:
        for result in stream:
            position += result.page_index in (None, 0)
            alone = len(items) == 1 and result.page_index is None
            text = result_table if alone else result_line
            failed += not report_result(result, position, files, bar, text)
            done += 1
            bar.total = max(bar.total, done)  # a file may hold several pictures
            bar.update()
    if done > 1:
        typer.echo(f"{done} pictures, {failed} failed", err=True)
    if failed:
        raise typer.Exit(1)


def _split_classes(text: str | None, class_names: list[str]) -> list[str | int] | None:
    if text is None:
        return None
    entries = [entry.strip() for entry in text.split(",")]
    return [
        int(entry) if entry not in class_names and entry.isdecimal() else entry
        for entry in entries
        if entry
    ]
