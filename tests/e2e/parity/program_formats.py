"""The two formats of official folders, and the Paddle that is the reference for each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ProgramFormat:
    """name: as in the shared data; program: the file; paddle: version that runs it."""

    name: str
    program: str
    paddle: str

    @property
    def title(self) -> str:
        return {"pir": "PIR", "old": "legacy"}[self.name]


PIR = ProgramFormat("pir", "inference.json", "3.3.1")
LEGACY = ProgramFormat("old", "inference.pdmodel", "3.0.0")
FORMATS = (PIR, LEGACY)
