"""`instseg demo-dataset`."""

from pathlib import Path
from typing import Annotated

import typer


def demo_dataset(
    folder: Annotated[Path, typer.Argument(help="Folder to make.")],
    train_images: Annotated[int, typer.Option("--train", min=1, help="Training pictures.")] = 64,
    val_images: Annotated[int, typer.Option("--val", min=1, help="Validation pictures.")] = 16,
    size: Annotated[int, typer.Option(min=64, max=4096, help="Height and width in pixels.")] = 320,
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws other pictures.")] = 0,
    overwrite: Annotated[bool, typer.Option(help="Replace a folder that is there.")] = False,
) -> None:
    """Draw a small data set with exact masks, in COCO's layout."""
    from instseg.cli.progress_bar import item_bar
    from instseg.optional_package import require

    require("scipy", extra="train", purpose="instseg demo-dataset")
    from instseg_train.dataset.demo_dataset import write_demo_dataset
    from instseg_train.dataset.synthetic_scene import SceneOptions

    with item_bar(train_images + val_images) as bar:
        write_demo_dataset(
            folder,
            train_images=train_images,
            val_images=val_images,
            options=SceneOptions(height=size, width=size),
            seed=seed,
            overwrite=overwrite,
            progress=bar.update,
        )
    typer.echo(f"{train_images} + {val_images} pictures in {folder}")
