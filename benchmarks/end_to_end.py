"""From a JPEG file to instances: instseg, PaddleX and bare OpenVINO, side by side in one run.

    python benchmarks/end_to_end.py --models Mask-RT-DETR-S Mask-RT-DETR-L --output results/

Every contender is a process of its own, warm, on the same cores with as many threads; they take
turns (A B C, A B C, ...), so that a slow minute of the machine hits them all. README.md beside this
file says what is measured and how to read the tables.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from harness import contenders, machine
from harness.arguments import positive
from harness.contenders import FORCED_PADDLEX
from harness.cores import available_cores
from harness.measurement import Race
from harness.model_folders import FolderError, OfficialFolder, network_folder, official_folder
from harness.paddlex_environment import EnvironmentFailed, paddlex_python
from harness.photo import default_photo
from harness.record import FORMAT_VERSION, race_record
from harness.report import report
from harness.worker_process import WorkerError

from instseg.errors import InstsegError

REPOSITORY = Path(__file__).resolve().parent.parent
DEFAULT_MODELS = ["Mask-RT-DETR-S", "Mask-RT-DETR-L"]
ONEDNN_RUN_MODES = {"mkldnn", "mkldnn_bf16"}


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--models",
        nargs="+",
        default=DEFAULT_MODELS,
        help="official names (program and generated weights from INSTSEG_REFERENCE_DIR, default "
        "../shared) or Paddle inference folders; default: %(default)s",
    )
    parser.add_argument("--image", type=Path, help="a JPEG file; default: a 1080p photo")
    parser.add_argument("--rounds", type=positive, default=5, help="default: %(default)s")
    parser.add_argument(
        "--iterations",
        type=positive,
        default=10,
        help="predictions of instseg and OpenVINO in one turn; default: %(default)s",
    )
    parser.add_argument(
        "--paddlex-iterations",
        type=positive,
        default=2,
        help="predictions of PaddleX in one turn; default: %(default)s",
    )
    parser.add_argument(
        "--warm-ups",
        type=positive,
        default=2,
        help="untimed predictions of each contender before the first round, at least (those of one "
        "turn, if these are more); default: %(default)s",
    )
    parser.add_argument("--threads", type=positive, default=2, help="default: %(default)s")
    parser.add_argument(
        "--precision",
        nargs="+",
        choices=("fp32", "bf16"),
        default=["fp32"],
        help="of instseg and bare OpenVINO; bf16 is left out where the CPU has none",
    )
    parser.add_argument(
        "--without-paddlex",
        action="store_true",
        help="only instseg and OpenVINO; the threshold then comes from instseg",
    )
    parser.add_argument(
        "--output", type=Path, help="folder for MODEL.json and README.md of all its records"
    )
    return parser.parse_args(arguments)


def supported_precisions(wanted: Sequence[str]) -> tuple[list[str], list[str]]:
    """The precisions to run, and a note for each that this CPU cannot."""
    if "bf16" not in wanted or machine.has_bf16():
        return list(wanted), []
    flags = " or ".join(sorted(machine.BF16_FLAGS))
    note = f"bf16 was asked for and left out: the CPU has no {flags}"
    return [precision for precision in wanted if precision != "bf16"], [note]


def measure(
    official: OfficialFolder,
    options: argparse.Namespace,
    image: Path,
    precisions: Sequence[str],
    bench_dir: Path,
) -> dict[str, Any]:
    """Runs one model's race; returns the race's part of the record, with the threshold."""
    network = network_folder(official, bench_dir)
    log_dir = bench_dir / "logs" / official.model_name
    with Race(available_cores(options.threads), log_dir) as race:
        if not options.without_paddlex:
            start_paddlex(race, official, options, image, bench_dir)
        shared = {"threads": options.threads, "iterations": options.iterations}
        for precision in precisions:
            race.start(contenders.instseg(network, image, bench_dir, precision=precision, **shared))
        threshold, instances = race.reference_threshold()
        for precision in precisions:
            race.start(
                contenders.openvino(
                    network, image, instances=instances, precision=precision, **shared
                )
            )
        race.start(contenders.matmul(threads=options.threads))
        race.run(options.rounds, threshold, official.model_name, fewest_warm_ups=options.warm_ups)
        record = {
            **race_record(official.model_name, race.measurements),
            "threshold": threshold,
        }
    # Folders are named from the benchmark's own on: a record holds no paths of a machine.
    named: dict[str, Any] = json.loads(json.dumps(record).replace(f"{bench_dir}/", ""))
    return named


def start_paddlex(
    race: Race,
    official: OfficialFolder,
    options: argparse.Namespace,
    image: Path,
    bench_dir: Path,
) -> None:
    """PaddleX as it comes and, where that does not use oneDNN, with oneDNN forced."""
    python = paddlex_python(bench_dir)
    for mode in ("default", "onednn"):
        measurement = race.start(
            contenders.paddlex(
                official.model_name,
                official.path,
                image,
                bench_dir,
                python,
                mode=mode,
                threads=options.threads,
                iterations=options.paddlex_iterations,
            )
        )
        if measurement.info.get("run_mode") in ONEDNN_RUN_MODES:
            return


def image_record(path: Path) -> dict[str, Any]:
    from PIL import Image

    with Image.open(path) as image:
        return {"file": path.name, "width": image.width, "height": image.height}


def main() -> int:
    try:
        return run(parse_arguments())
    except (EnvironmentFailed, FolderError, InstsegError, WorkerError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def run(options: argparse.Namespace) -> int:
    """The whole benchmark; 1 if a contender other than a forced PaddleX mode failed."""
    bench_dir = Path(os.environ.get("INSTSEG_BENCH_DIR", REPOSITORY / "build" / "bench")).resolve()
    reference_dir = Path(os.environ.get("INSTSEG_REFERENCE_DIR", REPOSITORY.parent / "shared"))
    image = (options.image or default_photo(bench_dir / "coffee_1080p.jpg")).resolve()
    precisions, notes = supported_precisions(options.precision)
    for note in notes:
        print(note, file=sys.stderr)
    if not precisions:
        return 2

    records = []
    for model in options.models:
        official = official_folder(model, bench_dir, reference_dir)
        load_before = os.getloadavg()[0]
        race = measure(official, options, image, precisions, bench_dir)
        record = {
            "benchmark": "end_to_end",
            "format_version": FORMAT_VERSION,
            "measured_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "commit": machine.commit(REPOSITORY),
            "machine": {
                **machine.describe(),
                "load_before": load_before,
                "load_after": os.getloadavg()[0],
            },
            "settings": {
                "threads": options.threads,
                "cores": available_cores(options.threads),
                "rounds": options.rounds,
                "iterations": options.iterations,
                "paddlex_iterations": options.paddlex_iterations,
                "warm_ups": options.warm_ups,
                "image": image_record(image),
            },
            "weights": official.weights,
            "notes": notes,
            **race,
        }
        records.append(record)
        if options.output:
            write(record, options.output)
    print(report(records))
    failed = [contender for r in records for contender in r["contenders"] if contender["error"]]
    for contender in failed:
        print(f"{contender['name']} failed: {contender['error']}", file=sys.stderr)
    return 1 if any(contender["name"] != FORCED_PADDLEX for contender in failed) else 0


def write(record: dict[str, Any], folder: Path) -> None:
    """Writes the model's record, then the tables of every record in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1)
    (folder / f"{record['model']}.json").write_text(text + "\n", encoding="utf-8")
    records = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
    (folder / "README.md").write_text(report(records), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
