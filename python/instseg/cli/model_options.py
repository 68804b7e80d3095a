"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated, Any

import typer

Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="Official model folder, network folder, or official name such as Mask-RT-DETR-L.",
    ),
]
Device = Annotated[str, typer.Option(help="Where the network runs.")]
Engine = Annotated[str, typer.Option(help="What runs it; `instseg doctor` lists the engines.")]
Precision = Annotated[str, typer.Option(help="fp32, or bf16 where the processor has it.")]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Threads that compute.  [default: all cores]")
]
Threshold = Annotated[
    float | None,
    typer.Option(min=0.0, max=1.0, help="Keep scores above it.  [default: the model's own]"),
]
CacheDir = Annotated[
    Path | None,
    typer.Option(help="Cache folder.  [default: $INSTSEG_CACHE_DIR or the user's]"),
]


def load_predictor(
    model: str,
    *,
    device: str,
    engine: str,
    precision: str,
    threads: int | None,
    cache_dir: Path | None,
    streams: int = 1,
) -> Any:
    """An instseg.Predictor; shows how far a download or import is."""
    from instseg.cli.progress_bar import stage_bar
    from instseg.predictor import Predictor

    with stage_bar() as progress:
        return Predictor(
            model,
            device=device,
            engine=engine,
            precision=precision,
            num_threads=threads,
            num_streams=streams,
            cache_dir=cache_dir,
            progress=progress,
        )
