"""`instseg demo`: the trained model inside the package, on real photos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from instseg.cli.model_options import Threshold, load_predictor

if TYPE_CHECKING:
    from instseg.demo.demo_model import ModelCard
    from instseg.result import Result

# A thing is a coin or a cell, not both: of masks with a higher IoU the better one is shown.
MAX_OVERLAP = 0.5


def demo(
    images: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[IMAGE]...",
            help="Pictures of your own.  [default: photos that come with scikit-image]",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for pictures and JSON files.")
    ] = Path("instseg_demo"),
    threshold: Threshold = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files of an earlier run.")
    ] = False,
) -> None:
    """Segment photos with the model inside instseg.

    For each, lists what was found and writes NAME_segmented.json and the picture with boxes, labels
    and masks. The model is small, trained, and knows coins and cells only; for other objects:
    instseg predict.
    """
    from instseg.cli.listed_items import listed_items
    from instseg.cli.output_files import OutputFiles
    from instseg.cli.progress_bar import item_bar
    from instseg.cli.result_report import report_result
    from instseg.demo.demo_model import demo_model, demo_model_card
    from instseg.demo.photos import demo_photos

    model, card = demo_model(), demo_model_card()
    items = listed_items(images, output) if images else demo_photos()
    files = OutputFiles(
        output, items, json=True, picture=True, mask_format="rle", overwrite=overwrite
    )
    predictor = load_predictor(
        str(model),
        device="cpu",
        engine="auto",
        precision="fp32",
        threads=None,
        cache_dir=None,
    )
    predictor.warm_up()
    typer.echo(_introduction(card, predictor.class_names))
    failed = 0
    position = -1  # of the item that a result belongs to
    with item_bar(len(items)) as bar:
        for result in predictor.stream(items, threshold=threshold):
            position += result.page_index in (None, 0)
            if result.error is None:
                result = result.select(max_overlap=MAX_OVERLAP)
            failed += not report_result(result, position, files, bar, _text, name_files=True)
            bar.update()
    if failed:
        raise typer.Exit(1)


def _introduction(card: ModelCard, class_names: list[str]) -> str:
    return (
        f"Model: a small {card.model} (classes {', '.join(class_names)}), "
        f"taught on {card.training_pictures} drawn pictures.\n"
        f"On {card.held_out_pictures} others: mask AP {card.mask_AP:.3f}, "
        f"box AP {card.box_AP:.3f}."
    )


def _text(result: Result) -> str:
    from instseg.cli.result_text import result_line, result_table

    return f"\n{result_table(result)}\n{result_line(result)}, {sum(result.timings.values()):.1f} ms"
