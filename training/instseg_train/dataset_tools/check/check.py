"""The check as a whole: reads, compares, reports, draws."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from instseg.atomic_file import atomic_file
from instseg.errors import InvalidArgument
from instseg.progress import Progress
from instseg_train.dataset_tools.check.annotation_file import AnnotationFile, read_annotation_file
from instseg_train.dataset_tools.check.annotations import AnnotationCheck
from instseg_train.dataset_tools.check.categories import (
    check_categories,
    check_number,
    check_usage,
    compare_categories,
)
from instseg_train.dataset_tools.check.folder import SPLITS, find_root
from instseg_train.dataset_tools.check.image_entries import ImageEntry, check_image_entries
from instseg_train.dataset_tools.check.image_facts import check_image, check_unlisted, note_modes
from instseg_train.dataset_tools.check.image_files import ImageFacts, looking
from instseg_train.dataset_tools.check.kinds import KINDS
from instseg_train.dataset_tools.check.leakage import check_leakage
from instseg_train.dataset_tools.check.report import (
    FOLDER,
    HISTOGRAM,
    PICTURES,
    PROBLEMS,
    CheckReport,
    SplitCounts,
)
from instseg_train.dataset_tools.problems import Problems
from instseg_train.dataset_tools.replace_files import complete_interrupted


def check_dataset(
    dataset_dir: str | os.PathLike[str],
    output_dir: str | os.PathLike[str],
    *,
    num_workers: int | None = None,
    expected_classes: int | None = None,
    progress: Progress | None = None,
) -> CheckReport:
    """Reads every image and annotation of a data set in COCO's layout; all faults are reported.

    Writes `<output_dir>/check_dataset/problems.json`, and when there are no errors `demo_img/` (the
    first ten images of each split with their masks) and `histogram.png` beside it.

    num_workers        threads that decode images; None: one per processor, at most eight
    expected_classes   Train.num_classes: another number is an error; None: any number will do
    progress           called with the stage's name and the part that is done, 0 to 1

    What is wrong with the data set stands in the report and is not raised. Raises InvalidArgument
    (an argument), OSError (the output cannot be written).
    """
    if num_workers is not None and num_workers < 1:
        raise InvalidArgument(f"num_workers is {num_workers}; give 1 or more, or None")
    output = Path(output_dir)
    (output / FOLDER).mkdir(parents=True, exist_ok=True)
    tell = progress or (lambda stage, fraction: None)
    check = _Check(Path(dataset_dir), num_workers, expected_classes, tell)
    report = check.run()
    if report.passed:
        report = _draw(check, report, output, tell)
    text = json.dumps(report.problems_content(), indent=2, ensure_ascii=False)
    with atomic_file(output / PROBLEMS) as file:
        file.write(text.encode("utf-8", "backslashreplace"))
    return report


class _Check:
    """One run; what it has read stays for the pictures."""

    def __init__(
        self, dataset: Path, num_workers: int | None, expected: int | None, tell: Progress
    ) -> None:
        self.dataset = dataset
        self.root: Path | None = None
        self.files: dict[str, AnnotationFile] = {}
        self.names: dict[str, dict[int, str]] = {split: {} for split in SPLITS}
        self.per_category: dict[str, Counter[int]] = {split: Counter() for split in SPLITS}
        self._counts = {split: SplitCounts() for split in SPLITS}
        self._num_workers = num_workers
        self._expected = expected
        self._tell = tell
        self._problems = Problems(KINDS)

    def run(self) -> CheckReport:
        self.root = find_root(self.dataset, self._problems)
        if self.root is not None:
            complete_interrupted(self.root)
            self._read(self.root)
        found = self._problems.found
        return CheckReport(
            dataset_name=(self.root or self.dataset).resolve().name,
            problems=[problem for problem in found if problem.severity != "info"],
            notes=[problem for problem in found if problem.severity == "info"],
            counts=self._counts,
            class_names=list((self.names["train"] or self.names["val"]).values()),
        )

    def _read(self, root: Path) -> None:
        entries: dict[str, list[ImageEntry]] = {}
        for split in SPLITS:
            file = read_annotation_file(root, split, self._problems)
            if file is not None:
                self.files[split] = file
                entries[split] = check_image_entries(file, self._problems)
                self.names[split] = check_categories(file, self._problems)
        wanted = sorted({e.file_name for own in entries.values() for e in own if e.file_name})
        paths = [root / "images" / name for name in wanted]
        with looking(paths, self._num_workers) as found:
            for split, file in self.files.items():
                self._check_annotations(file, entries[split])
            facts: dict[str, ImageFacts] = {}
            for name, fact in zip(wanted, found, strict=True):
                facts[name] = fact
                self._tell("images", len(facts) / len(wanted))
        for split, file in self.files.items():
            self._check_images(file.name, entries[split], facts)
        if len(self.files) == len(SPLITS):
            compare_categories(self.names, self.files, self._problems)
            digests = {name: fact.digest for name, fact in facts.items() if fact.digest}
            check_leakage(entries, digests, self._problems)
            check_unlisted(root, entries, self._problems)
        check_number(self.names, self._expected, self._problems)

    def _check_annotations(self, file: AnnotationFile, entries: list[ImageEntry]) -> None:
        images: dict[int, ImageEntry] = {}
        for entry in entries:
            if entry.key is not None:
                images.setdefault(entry.key, entry)
        check = AnnotationCheck(file, images, self.names[file.split], self._problems)
        check.run(_stage(self._tell, f"{file.split} annotations"))
        check_usage(file, self.names[file.split], check.per_category, self._problems)
        self.per_category[file.split] = check.per_category
        empty = sum(key not in check.of_image for key in images)
        if empty:
            message = f"{empty} of {len(entries)}"
            self._problems.add("images-empty", file.name, "images", message)
        instances = len(file.lists["annotations"])
        self._counts[file.split] = SplitCounts(len(entries), instances, empty)

    def _check_images(
        self, file: str, entries: list[ImageEntry], facts: dict[str, ImageFacts]
    ) -> None:
        modes: Counter[str] = Counter()
        for entry in entries:
            if entry.file_name is not None:
                fact = facts[entry.file_name]
                check_image(file, entry, fact, self._problems)
                if fact.fault is None:
                    modes[fact.mode] += 1
        note_modes(file, modes, self._problems)


def _stage(tell: Progress, stage: str) -> Callable[[float], None]:
    return lambda fraction: tell(stage, fraction)


def _draw(check: _Check, report: CheckReport, output: Path, tell: Progress) -> CheckReport:
    """Pictures and histogram of a data set without errors."""
    from instseg_train.dataset_tools.check.histogram import write_histogram
    from instseg_train.dataset_tools.check.pictures import draw_samples

    assert check.root is not None
    pictures = draw_samples(
        check.root, check.files, output / PICTURES, _stage(tell, "sample pictures")
    )
    write_histogram(output / HISTOGRAM, check.names["train"], check.per_category)
    relative = {
        split: [f"{PICTURES}/{name}" for name in names] for split, names in pictures.items()
    }
    return replace(report, pictures=relative)
