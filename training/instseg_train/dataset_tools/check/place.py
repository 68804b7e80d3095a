"""Where in a file a check stands."""

from __future__ import annotations

from dataclasses import dataclass

from instseg_train.dataset_tools.problems import Problems


@dataclass(frozen=True)
class Place:
    """One annotation. about: what helps to find it, e.g. `id 18, image 3 "a.jpg"`."""

    problems: Problems
    file: str
    index: int
    about: str

    def add(self, code: str, inside: str, message: str) -> None:
        """inside: the key, or empty for the annotation itself."""
        dot = f".{inside}" if inside else ""
        where = f"annotations[{self.index}]{dot} ({self.about})"
        self.problems.add(code, self.file, where, message)
