"""One key by hand."""

from __future__ import annotations

from typing import Any

import pytest

from instseg.errors import InvalidArgument
from instseg_train.config.override import apply_override, parse_value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("None", None),
        ("null", None),
        *((form, True) for form in ("True", "true", "TRUE", "T", "t")),
        *((form, False) for form in ("False", "false", "FALSE", "F", "f")),
        ("12", 12),
        ("-3", -3),
        ("0.5", 0.5),
        ("1e-4", 1e-4),
        ("[320, 640]", [320, 640]),
        ("{width: 0.5}", {"width": 0.5}),
        ("yes", "yes"),
        ("12:30", "12:30"),
        ("2026-01-02", "2026-01-02"),
        ("[1, 2", "[1, 2"),
        ("__import__('os')", "__import__('os')"),
        ("", ""),
    ],
)
def test_values_of_a_key_of_any_type(text: str, expected: Any) -> None:
    value = parse_value(text, "Nobody.knows")
    assert value == expected
    assert type(value) is type(expected)


def test_where_only_text_is_allowed_it_stays_text() -> None:
    assert parse_value("0123", "Global.output") == "0123"
    assert parse_value("None", "Global.output") == "None"
    assert parse_value("None", "Train.resume_path") is None
    assert parse_value("T", "Train.pretrain_weight_path") == "T"
    assert parse_value("OFF", "Train.amp") == "OFF"


def test_only_the_first_equals_sign_divides() -> None:
    content: dict[str, Any] = {}
    apply_override(content, "Predict.input=https://example.com/?a=b&c=d")
    assert content == {"Predict": {"input": "https://example.com/?a=b&c=d"}}


def test_entries_of_lists_by_number() -> None:
    content = {"Train": {"input_size": [640, 640]}, "rows": [{"a": 1}]}
    apply_override(content, "Train.input_size.1=320")
    apply_override(content, "rows.0.a=2")
    assert content == {"Train": {"input_size": [640, 320]}, "rows": [{"a": 2}]}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("Train.epochs_iters", "not of the form Section.key=value"),
        ("=3", "not of the form"),
        ("Train..x=3", "not of the form"),
        ("Train.input_size.2=1", r"Train.input_size is a list of 2, which has no entry 2"),
        ("Train.input_size.-1=1", "has no entry -1"),
        ("Train.batch_size.x=1", "Train.batch_size is 2, which has no key x"),
        ("Train.batch_size.x.y=1", "Train.batch_size is 2, which has no key x"),
    ],
)
def test_what_cannot_be_set(override: str, message: str) -> None:
    content = {"Train": {"input_size": [640, 640], "batch_size": 2}}
    with pytest.raises(InvalidArgument, match=message):
        apply_override(content, override)
