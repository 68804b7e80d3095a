"""What a check found, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from instseg_train.dataset_tools.check.kinds import KINDS
from instseg_train.dataset_tools.problems import Problem, summary

FOLDER = "check_dataset"
HISTOGRAM = f"{FOLDER}/histogram.png"
PICTURES = f"{FOLDER}/demo_img"
PROBLEMS = f"{FOLDER}/problems.json"
PASSED = "Check dataset passed !"
DATASET_TYPE = "COCOInstSegDataset"


@dataclass(frozen=True)
class SplitCounts:
    """empty: images without annotations."""

    images: int = 0
    instances: int = 0
    empty: int = 0


@dataclass(frozen=True)
class CheckReport:
    """problems: errors and warnings; notes: what is worth knowing; class_names: in the order of
    their ids; pictures: split -> paths relative to the output folder, none where it failed."""

    dataset_name: str
    problems: list[Problem]
    notes: list[Problem]
    counts: Mapping[str, SplitCounts]
    class_names: list[str]
    pictures: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == "error"]

    @property
    def warnings(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == "warning"]

    @property
    def passed(self) -> bool:
        """No errors; there may be warnings."""
        return not self.errors

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    def text(self, places: int = 3) -> str:
        """Counts, then the problems by kind with the first few places of each."""
        lines = [
            f"{split}: {_plural(counts.images, 'image')}, {_plural(counts.instances, 'instance')}"
            for split, counts in self.counts.items()
        ]
        lines.append(f"classes: {self.num_classes}{_names(self.class_names)}")
        problems = summary([*self.problems, *self.notes], KINDS, places)
        if problems:
            lines.append(problems)
        errors, warnings = len(self.errors), len(self.warnings)
        found = f"{_plural(errors, 'error')}, {_plural(warnings, 'warning')}"
        if self.passed:
            lines.append(PASSED if not warnings else f"{PASSED} ({found})")
        else:
            lines.append(f"Check dataset failed: {found}; all of them are in {PROBLEMS}")
        return "\n".join(lines)

    def result(self) -> dict[str, Any]:
        """`check_dataset_result.json` with PaddleX's keys.

        train_samples and val_samples count images (PaddleX counts annotations there);
        train_instances and val_instances count annotations. Paths are relative to the output
        folder. After a failure there are `err_type` and `err_msg`, as PaddleX writes them, instead
        of pictures.
        """
        train, val = (self.counts.get(split, SplitCounts()) for split in ("train", "val"))
        content: dict[str, Any] = {
            "done_flag": self.passed,
            "check_pass": self.passed,
            "attributes": {
                "num_classes": self.num_classes,
                "train_samples": train.images,
                "train_sample_paths": list(self.pictures.get("train", [])),
                "val_samples": val.images,
                "val_sample_paths": list(self.pictures.get("val", [])),
                "train_instances": train.instances,
                "val_instances": val.instances,
            },
            "analysis": {"histogram": HISTOGRAM} if self.passed else {},
            "dataset_path": self.dataset_name,
            "show_type": "image",
            "dataset_type": DATASET_TYPE,
        }
        if not self.passed:
            content |= {
                "err_type": "CheckFailedError",
                "err_msg": self.text(),
                "problems": PROBLEMS,
            }
        return content

    def problems_content(self) -> dict[str, Any]:
        """`check_dataset/problems.json`."""
        return {
            "passed": self.passed,
            "errors": len(self.errors),
            "warnings": len(self.warnings),
            "counts": {
                split: {
                    "images": counts.images,
                    "instances": counts.instances,
                    "images_without_instances": counts.empty,
                }
                for split, counts in self.counts.items()
            },
            "class_names": self.class_names,
            "problems": [problem.to_dict() for problem in self.problems],
            "notes": [note.to_dict() for note in self.notes],
        }


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _names(names: list[str]) -> str:
    if not names:
        return ""
    shown = ", ".join(name[:40] for name in names[:10])
    return f" ({shown}{f' and {len(names) - 10} more' if len(names) > 10 else ''})"
