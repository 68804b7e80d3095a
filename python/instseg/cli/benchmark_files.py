"""The files that `instseg benchmark --output` writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from instseg.atomic_file import atomic_file
from instseg.errors import InvalidArgument

if TYPE_CHECKING:
    from instseg.benchmark_table import BenchmarkTable

NAMES = ("benchmark.md", "benchmark.csv", "benchmark.json", "benchmark.png")


class BenchmarkFiles:
    """A folder that is known, before hours of measuring, to take the files."""

    def __init__(self, folder: Path, *, overwrite: bool) -> None:
        """Makes the folder.

        Raises MissingPackage without matplotlib, and InvalidArgument if the folder cannot be made,
        or holds files of these names and `overwrite` is false.
        """
        from instseg.benchmark_plot import plotting

        plotting()
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            old = [name for name in NAMES if (folder / name).exists()]
        except OSError as error:
            raise InvalidArgument(
                f"{folder} cannot be used as the output folder: {error.strerror}."
            ) from error
        if old and not overwrite:
            raise InvalidArgument(
                f"The output folder {folder} holds {old[0]} already. Choose another folder, or "
                "give --overwrite."
            )

    def write(self, table: BenchmarkTable, report: dict[str, Any]) -> None:
        """Each file appears whole or not at all. Raises OSError."""
        from instseg.benchmark_plot import plot_benchmark

        contents = (
            table.markdown().encode(),
            table.csv().encode(),
            (json.dumps(report, indent=1) + "\n").encode(),
            plot_benchmark(table),
        )
        for name, content in zip(NAMES, contents, strict=True):
            with atomic_file(self._folder / name) as file:
                file.write(content)
