"""Which engines and precisions a benchmark runs."""

from typing import Any

import pytest

from instseg import EngineError, InvalidArgument
from instseg.engine_runs import EngineRun, engine_runs


def engine(
    name: str, devices: list[str], precisions: list[str], remedy: str = ""
) -> dict[str, Any]:
    return {
        "name": name,
        "available": not remedy,
        "version": "1",
        "devices": devices,
        "precisions": precisions,
        "remedy": remedy,
    }


KNOWN = [
    engine("gone", ["cpu"], ["fp32"], "install it"),
    engine("first", ["cpu"], ["fp32", "bf16"]),
    engine("graphic", ["gpu"], ["fp32", "fp16"]),
    engine("second", ["cpu", "gpu"], ["fp32"]),
]


def runs(names: list[str], precisions: list[str], device: str = "cpu") -> list[str]:
    return [str(run) for run in engine_runs(KNOWN, names, precisions, device)]


def test_names_and_precisions_are_combined() -> None:
    assert engine_runs(KNOWN, ["auto"], ["fp32"], "cpu") == [EngineRun("first", "fp32")]
    assert runs(["auto"], ["all"]) == ["first fp32", "first bf16"]
    assert runs(["all"], ["all"]) == ["first fp32", "first bf16", "second fp32"]
    assert runs(["all"], ["all"], "gpu") == ["graphic fp32", "graphic fp16", "second fp32"]
    assert [run.by_name for run in engine_runs(KNOWN, ["first", "all"], ["fp32"], "cpu")] == [
        True,
        False,
    ]
    assert runs(["second", "auto", "second"], ["fp32"]) == ["second fp32", "first fp32"]


@pytest.mark.parametrize(
    ("names", "precisions", "error", "says"),
    [
        (["gone"], ["fp32"], EngineError, "install it"),
        (["thrid"], ["fp32"], InvalidArgument, "auto, all, gone, first, graphic, second"),
        (["graphic"], ["fp32"], InvalidArgument, "no device 'cpu'; it has gpu"),
        (["auto"], ["fp16"], InvalidArgument, "it has fp32, bf16"),
        (["all"], ["bf16"], InvalidArgument, "'second' has no precision 'bf16'"),
    ],
)
def test_what_cannot_run_is_said_before_anything_is_measured(
    names: list[str], precisions: list[str], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        runs(names, precisions)


def test_auto_passes_over_engines_that_are_to_be_named() -> None:
    reference = {**engine("reference", ["cpu", "gpu"], ["fp32"]), "automatic": False}
    both = [reference, engine("usual", ["cpu"], ["fp32"])]
    assert engine_runs(both, ["auto"], ["fp32"], "cpu") == [EngineRun("usual", "fp32")]
    assert len(engine_runs(both, ["all"], ["fp32"], "cpu")) == 2
    assert engine_runs(both, ["reference"], ["fp32"], "gpu:1") == [EngineRun("reference", "fp32")]
    with pytest.raises(EngineError, match="only engines to name: reference"):
        engine_runs(both, ["auto"], ["fp32"], "gpu:1")


def test_no_engine_at_all() -> None:
    with pytest.raises(EngineError, match="gone: install it"):
        engine_runs(KNOWN[:1], ["auto"], ["fp32"], "cpu")
