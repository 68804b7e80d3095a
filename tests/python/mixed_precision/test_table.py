"""The tables: every family has one, every row a reason; what they find is tested in `tests/e2e`."""

from __future__ import annotations

import pytest

from instseg.errors import InvalidArgument
from instseg.importer.cuts.families import FAMILIES as IMPORTED
from instseg.mixed_precision.table import FAMILIES, rows_of


def test_every_family_that_can_be_imported_has_a_table() -> None:
    assert set(FAMILIES) == {family.name for family in IMPORTED}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_row_says_why(family: str) -> None:
    rows = rows_of(family)
    parts = [row.part for row in rows]
    assert len(set(parts)) == len(parts) >= 6
    assert all(len(row.reason) > 30 for row in rows)


def test_a_family_without_a_table() -> None:
    with pytest.raises(InvalidArgument, match=r"'yolo', only for mask_rtdetr, .*precision='fp32'"):
        rows_of("yolo")
