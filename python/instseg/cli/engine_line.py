"""How commands show an engine."""

from typing import Any


def engine_line(engine: dict[str, Any]) -> str:
    """Of an entry of `instseg.engines()`: what it can do, or why it cannot be used here."""
    if not engine["available"]:
        return f"{engine['name']} not available: {engine['remedy']}"
    abilities = f"{', '.join(engine['devices'])}; {', '.join(engine['precisions'])}"
    return f"{engine['name']} {engine['version']} ({abilities})"
