"""Large images in tiles: where they lie (`grid`), running them (`tiled_prediction`), putting
together what their edges cut (`merge`)."""
