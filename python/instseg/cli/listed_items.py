"""The pictures that a command was given."""

from pathlib import Path

from instseg.sources import SourceItem, list_items


def listed_items(sources: list[str], output: Path | None) -> list[SourceItem]:
    """All items, without what an earlier run wrote into an output folder among the sources."""
    items = list(list_items(sources))
    if output is None:
        return items
    own = output.resolve()
    given = {Path(source).expanduser().resolve() for source in sources}
    return [
        item
        for item in items
        if item.source is None
        or (path := Path(item.source).resolve()) in given
        or own in given
        or own not in path.parents
    ]
