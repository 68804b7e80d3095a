"""Plain text tables."""

from instseg.cli.table import text_table


def test_numbers_are_flush_right_and_words_flush_left() -> None:
    table = text_table(["name", "ms"], [["network", "9.50"], ["rle", "12.25"]])
    assert table.splitlines() == ["name        ms", "network   9.50", "rle      12.25"]


def test_a_table_without_rows_is_its_header() -> None:
    assert text_table(["a", "bc"], []) == "a  bc"
