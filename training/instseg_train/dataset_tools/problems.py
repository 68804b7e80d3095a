"""What is wrong with a data set: collected, counted, told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal, NamedTuple

from instseg.errors import InvalidArgument

Severity = Literal["error", "warning", "info"]
"""error: reading fails, objects are lost or scores become wrong; warning: it can be trained on, but
is hardly meant so; info: worth knowing."""

_HEADINGS: dict[Severity, str] = {"error": "Error", "warning": "Warning", "info": "Note"}
_LONGEST_MESSAGE = 600


class Kind(NamedTuple):
    """A kind of problem: how bad it is, its title in summaries, what to do about it."""

    severity: Severity
    title: str
    remedy: str


@dataclass(frozen=True)
class Problem:
    """code: stable, e.g. "box-outside"; file: relative to the data set; place: inside the file,
    e.g. `annotations[17].bbox (annotation 18, image 3 "a.jpg")`; empty for the file as a whole."""

    severity: Severity
    code: str
    file: str
    place: str
    message: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.file}, {self.place}" if self.place else self.file
        return f"{where}: {self.message}"

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


class Problems:
    """Collects problems of the kinds of one table."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self._kinds = kinds
        self.found: list[Problem] = []

    def add(
        self, code: str, file: str, place: str, message: str, severity: Severity | None = None
    ) -> None:
        """severity: where it is another one than the kind's."""
        kind = self._kinds[code]
        if len(message) > _LONGEST_MESSAGE:
            message = message[:_LONGEST_MESSAGE] + " ..."
        self.found.append(
            Problem(severity or kind.severity, code, file, place, message, kind.remedy)
        )

    def errors(self) -> list[Problem]:
        return [problem for problem in self.found if problem.severity == "error"]


class DatasetError(InvalidArgument):
    """A data set has faults: `problems` has all of them, the message the first of each kind."""

    def __init__(self, what: str, problems: Iterable[Problem], kinds: Mapping[str, Kind]) -> None:
        self.problems = list(problems)
        super().__init__(f"{what}\n{summary(self.problems, kinds)}")


def summary(problems: Iterable[Problem], kinds: Mapping[str, Kind], places: int = 3) -> str:
    """Text for people: one block per kind, errors first, each with its first few `places`."""
    groups: dict[tuple[Severity, str], list[Problem]] = {}
    for problem in problems:
        groups.setdefault((problem.severity, problem.code), []).append(problem)
    blocks = []
    for severity in _HEADINGS:
        for (own, code), group in groups.items():
            if own != severity:
                continue
            times = f" ({len(group)} times)" if len(group) > 1 else ""
            lines = [f"{_HEADINGS[severity]}: {kinds[code].title}{times} [{code}]"]
            lines += [f"  {problem}" for problem in group[:places]]
            if len(group) > places:
                lines.append(f"  ... and {len(group) - places} more")
            lines.append(f"  What to do: {group[0].remedy}")
            blocks.append("\n".join(lines))
    return "\n".join(blocks)


def quoted(value: object, longest: int = 60) -> str:
    """A value of unknown kind and size, short enough for a message."""
    if isinstance(value, str):
        text = repr(value[: longest + 1])
    elif isinstance(value, bool | float) or value is None:
        text = repr(value)
    elif isinstance(value, int):
        text = repr(value) if value.bit_length() < 256 else "an integer of hundreds of bits"
    elif isinstance(value, list):
        inner = ", ".join(quoted(item, 12) for item in value[:6])
        text = f"[{inner}{', ...' if len(value) > 6 else ''}]"
    elif isinstance(value, dict):
        inner = ", ".join(repr(str(key)[:20]) for key in list(value)[:6])
        text = f"an object with {inner or 'nothing'}"
    else:
        text = type(value).__name__
    return text if len(text) <= longest + 20 else text[: longest + 16] + " ..."
