"""Every engine that a Predictor takes by name: those of the C++ core, and the reference engine."""

from __future__ import annotations

from typing import Any

from instseg.errors import InvalidArgument
from instseg.reference.paddle_package import REFERENCE_ENGINE, paddle_engine


def engines() -> list[dict[str, Any]]:
    """Every engine, those first that "auto" tries, in its order. Dicts with:

    name        for engine=
    available   whether it can be used here
    version     of the library behind it; "" where it is not available
    devices     for device=; "gpu" stands for "gpu:0", "gpu:1", ... too
    precisions  for precision=
    remedy      why it is not available and what to do; "" where it is
    automatic   whether engine="auto" may choose it
    """
    from instseg import _core

    core = [{**engine, "automatic": True} for engine in _core.engines()]
    return [*core, {**paddle_engine(), "automatic": False}]


def check_engine(name: str) -> str:
    """Returns `name`; raises InvalidArgument unless it is "auto" or an engine's."""
    known = ["auto", *(str(engine["name"]) for engine in engines())]
    if name not in known:
        listed = ", ".join(f'"{each}"' for each in known)
        raise InvalidArgument(f'The engine "{name}" is unknown; there are {listed}.')
    return name


def is_reference(name: str) -> bool:
    """Whether it runs official folders as they are, instead of network folders."""
    return name == REFERENCE_ENGINE


def described(engine: dict[str, Any]) -> str:
    """One line: what it is and has, or why it cannot be used."""
    if not engine["available"]:
        return f"{engine['name']} not available: {engine['remedy']}"
    abilities = f"{', '.join(engine['devices'])}; {', '.join(engine['precisions'])}"
    return f"{engine['name']} {engine['version']} ({abilities})"
