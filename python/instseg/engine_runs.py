"""Which engines a benchmark runs, and at which precisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from instseg.errors import EngineError, InvalidArgument

ALL = "all"
AUTO = "auto"


@dataclass(frozen=True)
class EngineRun:
    """One engine at one precision; str() is the name of its columns.

    by_name  it was asked for by its name; one that "all" stands for may pass over a model
    """

    engine: str
    precision: str
    by_name: bool = field(default=True, compare=False)

    def __str__(self) -> str:
        return f"{self.engine} {self.precision}"


def engine_runs(
    known: Sequence[dict[str, Any]], names: Sequence[str], precisions: Sequence[str], device: str
) -> list[EngineRun]:
    """Every wanted engine at every wanted precision, each once, in the order of wanting.

    known       instseg.engines()
    names       of engines; "auto" is the first that is available for the device (and not marked as
                one to be asked for by name), "all" every one
    precisions  "all" is every one that an engine has here
    Raises InvalidArgument for what is unknown, EngineError for what is not available.
    """
    kind = device.partition(":")[0]  # "gpu:1" is a "gpu"
    usable = [engine for engine in known if engine["available"] and kind in engine["devices"]]
    if not usable:
        reasons = "".join(
            f"\n{engine['name']}: {engine['remedy'] or 'has no such device'}" for engine in known
        )
        raise EngineError(f"No engine is available for the device {device!r}.{reasons}")
    runs: list[EngineRun] = []
    for name in names:
        for engine in _engines(name, known, usable, device):
            has = engine["precisions"]
            for precision in precisions:
                if precision not in (ALL, *has):
                    raise InvalidArgument(
                        f"The engine {engine['name']!r} has no precision {precision!r} on this "
                        f"machine; it has {', '.join(has)}."
                    )
                runs += [
                    EngineRun(engine["name"], p, by_name=name != ALL)
                    for p in (has if precision == ALL else [precision])
                ]
    return list(dict.fromkeys(runs))


def _engines(
    name: str, known: Sequence[dict[str, Any]], usable: list[dict[str, Any]], device: str
) -> list[dict[str, Any]]:
    if name == ALL:
        return usable
    if name == AUTO:
        automatic = [engine for engine in usable if engine.get("automatic", True)]
        if not automatic:
            names = ", ".join(engine["name"] for engine in usable)
            raise EngineError(f"For the device {device!r} there are only engines to name: {names}.")
        return automatic[:1]
    for engine in known:
        if engine["name"] != name:
            continue
        if not engine["available"]:
            raise EngineError(f"The engine {name!r} is not available: {engine['remedy']}")
        if engine not in usable:
            raise InvalidArgument(
                f"The engine {name!r} has no device {device!r}; it has "
                f"{', '.join(engine['devices'])}."
            )
        return [engine]
    names = ", ".join([AUTO, ALL, *(engine["name"] for engine in known)])
    raise InvalidArgument(f"The engine {name!r} is unknown; there are {names}.")
