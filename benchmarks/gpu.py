"""All models on a GPU: equality with the CPU engine, latency, throughput, memory, start.

    python benchmarks/gpu.py --output benchmarks/results/gpu/t4

One process for each model and precision; a failure stops no other. First engines are built and
compared with the CPU's, `--at-once` of them at a time, then all is timed, one after the other.
`gpu.json` in the output folder holds everything, `README.md` the tables beside the published T4
figures; both are rewritten after each model, so that an interrupted run keeps what it has.
docs/gpu.md says what is measured how. On a machine without a GPU it says so and exits with 2.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from harness import machine
from harness.arguments import positive
from harness.gpu.job import Job, load_seconds, measure
from harness.gpu.nvidia_smi import Gpu, describe_gpu, device_index
from harness.gpu.plan import (
    STEPS,
    UNTIMED,
    Model,
    NoGpu,
    Plan,
    find_model,
    gpu_engine,
    usable_precisions,
)
from harness.gpu.record import FORMAT_VERSION, problems
from harness.gpu.report import report
from harness.gpu.trtexec import Trtexec, TrtexecFailed, find_trtexec, networks_alone
from harness.model_folders import FolderError
from harness.photo import coins, default_photo

import instseg
from instseg.errors import InstsegError
from instseg.model_names import OFFICIAL_MODELS

Json = dict[str, Any]
REPOSITORY = Path(__file__).resolve().parent.parent
TRAINED = REPOSITORY / "tests" / "e2e" / "trained"


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--models",
        nargs="+",
        default=[*OFFICIAL_MODELS, "trained"],
        help="official names, model folders, or `trained`: the small models of the tests and the "
        "demo's; default: all 15 and trained",
    )
    parser.add_argument("--engine", default="tensorrt", help="default: %(default)s")
    parser.add_argument("--device", default="gpu", help="gpu, gpu:1, ...; default: %(default)s")
    parser.add_argument(
        "--precision", nargs="+", default=["fp32", "fp16"], help="default: fp32 fp16"
    )
    parser.add_argument(
        "--steps", nargs="+", choices=STEPS, default=list(STEPS), help="default: all"
    )
    parser.add_argument("--image", type=Path, help="a JPEG file; default: a 1080p photo")
    parser.add_argument("--runs", type=positive, default=200, help="default: %(default)s")
    parser.add_argument("--warm-ups", type=positive, default=20, help="default: %(default)s")
    parser.add_argument("--streams", type=positive, nargs="+", default=[1, 2, 4])
    parser.add_argument("--batches", type=positive, nargs="+", default=[1, 8])
    parser.add_argument(
        "--growth-predictions", type=positive, default=2000, help="default: %(default)s"
    )
    parser.add_argument("--threads", type=positive, default=4, help="default: %(default)s")
    parser.add_argument(
        "--at-once",
        type=positive,
        default=1,
        help="processes that build engines and compare results at a time (each takes a core and "
        "some GB); engines built beside others may be slower ones; default: %(default)s",
    )
    parser.add_argument(
        "--note", action="append", default=[], help="a line for the record; may be given again"
    )
    parser.add_argument(
        "--output", type=Path, required=True, help="folder for gpu.json and README.md"
    )
    return parser.parse_args(arguments)


def make_plan(options: argparse.Namespace, bench_dir: Path, reference_dir: Path) -> Plan:
    """Checks what needs no GPU's time first. Raises NoGpu, FolderError and InstsegError."""
    engine = gpu_engine(instseg.engines(), options.engine, options.device)
    precisions = usable_precisions(engine, options.precision)
    models: list[Model] = []
    for given in options.models:
        if given == "trained":
            models += trained_models(bench_dir)
        else:
            models.append(find_model(given, bench_dir, reference_dir))
    image = options.image or default_photo(bench_dir / "coffee_1080p.jpg")
    return Plan(
        models=models,
        engine=options.engine,
        device=options.device,
        precisions=precisions,
        steps=options.steps,
        image=image.resolve(),
        runs=options.runs,
        warm_ups=options.warm_ups,
        streams=options.streams,
        batches=options.batches,
        growth_predictions=options.growth_predictions,
        threads=options.threads,
    )


def jobs(plan: Plan, bench_dir: Path) -> list[tuple[Model, list[Job]]]:
    """The jobs of every model, one per precision, each with a cache of its own."""
    return [
        (
            model,
            [
                Job(
                    label=model.label,
                    folder=model.folder,
                    weights=model.weights,
                    engine=plan.engine,
                    device=plan.device,
                    precision=precision,
                    image=model.image or plan.image,
                    cache_dir=bench_dir / "gpu-cache" / f"{model.label} {precision}",
                    steps=plan.steps,
                    runs=plan.runs,
                    warm_ups=plan.warm_ups,
                    streams=plan.streams,
                    batches=plan.batches,
                    growth_predictions=plan.growth_predictions,
                    threads=plan.threads,
                )
                for precision in plan.precisions
            ],
        )
        for model in plan.models
    ]


def trained_models(bench_dir: Path) -> list[Model]:
    """The small ones of the tests, which know the drawn pictures beside them, and the demo model,
    which knows coins."""
    picture = sorted((TRAINED / "pictures" / "images").glob("*.jpg"))[0]
    return [
        *(
            Model(f"trained {folder.name}", folder, "trained", picture)
            for folder in sorted(TRAINED.iterdir())
            if (folder / "inference.yml").is_file()
        ),
        Model("demo", instseg.demo_model(), "trained", coins(bench_dir / "coins.jpg")),
    ]


def in_new_process(function: Callable[[Job], Any], job: Job) -> Any:
    """Raises EngineError where the process dies."""
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(1, mp_context=context) as process:
            return process.submit(function, job).result()
    except BrokenProcessPool:
        raise instseg.EngineError(f"The process of {job.label}, {job.precision} died.") from None


Call = Callable[[Callable[[Job], Any], Job], Any]


def start_of(job: Job, call: Call) -> Json:
    """Seconds to load with an empty cache, then with what that left; call(function, job) runs the
    function in a new process."""
    shutil.rmtree(job.cache_dir, ignore_errors=True)
    return {"start": {"cold_s": call(load_seconds, job), "cached_s": call(load_seconds, job)}}


def alone(job: Job, trtexec: Trtexec, image_size: Sequence[int]) -> Json:
    """The network's times without anything of ours."""
    try:
        return networks_alone(trtexec, network_folder(job), tuple(image_size), job.precision)
    except (TrtexecFailed, InstsegError, OSError) as error:
        return {"error": str(error)}


def compared(job: Job, call: Call) -> Json:
    found: Json = call(measure, job)
    del found["memory_mib"]  # of all that run at a time
    return found


def timed(job: Job, trtexec: Trtexec | None, call: Call) -> Json:
    found: Json = call(measure, job)
    if trtexec is not None and "image_size" in found.get("latency", {}):
        found["network_alone"] = alone(job, trtexec, found["latency"]["image_size"])
    return found


def attempt(run: Json, step: Callable[[], Json]) -> None:
    """Adds what the step finds to `run`, or its error: a failure stops no other model."""
    if "error" in run:
        return
    try:
        run |= step()
    except Exception as error:
        run["error"] = f"{type(error).__name__}: {error}"


def run_jobs(
    pairs: Sequence[tuple[Json, Job]],
    trtexec: Trtexec | None,
    at_once: int,
    call: Call,
    save: Callable[[], None],
) -> None:
    """Fills each entry of "runs" with what its job finds; save() is called after each job."""
    if not pairs:
        return
    steps = pairs[0][1].steps
    for run, job in pairs:
        if "start" in steps:
            attempt(run, partial(start_of, job, call))
            save()
    if untimed := [step for step in steps if step in UNTIMED]:
        with ThreadPoolExecutor(at_once) as pool:
            futures = {
                pool.submit(attempt, run, partial(call, measure, replace(job, steps=untimed))): job
                for run, job in pairs
            }
            for future in as_completed(futures):
                future.result()
                print(
                    f"{futures[future].label}, {futures[future].precision}: compared",
                    file=sys.stderr,
                )
                save()
    if rest := [step for step in steps if step not in UNTIMED and step != "start"]:
        for run, job in pairs:
            print(f"{job.label}, {job.precision}: timing", file=sys.stderr)
            chosen = replace(job, steps=rest, threshold=run.get("threshold"))
            attempt(run, partial(timed, chosen, trtexec, call))
            save()


def network_folder(job: Job) -> Path:
    """What the job's predictor ran."""
    from instseg.importer import cached_network_folder, is_network_folder

    return (
        job.folder
        if is_network_folder(job.folder)
        else cached_network_folder(job.folder, job.cache_dir)
    )


def empty_record(plan: Plan, gpu: Gpu, extra_notes: Sequence[str]) -> Json:
    return {
        "benchmark": "gpu",
        "format_version": FORMAT_VERSION,
        "measured_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "commit": machine.commit(REPOSITORY),
        "machine": machine.describe(),
        "gpu": gpu.to_dict(),
        "settings": {
            "engine": plan.engine,
            "device": plan.device,
            "image": plan.image.name,
            "runs": plan.runs,
            "warm_ups": plan.warm_ups,
            "threads": plan.threads,
            "steps": list(plan.steps),
        },
        "versions": {"instseg": instseg.__version__},
        "models": [],
        "notes": list(extra_notes),
    }


def write(record: Json, folder: Path) -> None:
    if found := problems(record):
        raise AssertionError(f"the record is not as its schema says: {'; '.join(found)}")
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1)
    (folder / "gpu.json").write_text(text + "\n", encoding="utf-8")
    (folder / "README.md").write_text(report(record), encoding="utf-8")


def failures(record: Json) -> list[str]:
    """What did not run, or is not equal to the CPU engine."""
    found = []
    for model in record["models"]:
        for run in model["runs"]:
            name = f"{model['label']}, {run['precision']}"
            if "error" in run:
                found.append(f"{name}: {run['error']}")
            for step in STEPS:
                if "error" in run.get(step, {}):
                    found.append(f"{name}, {step}: {run[step]['error']}")
            if run.get("correctness", {}).get("passed") is False:
                found.append(f"{name}: not equal to the CPU engine")
            if run.get("threads", {}).get("other_results"):
                found.append(f"{name}: threads got other results")
    return found


def run(options: argparse.Namespace) -> int:
    bench_dir = Path(os.environ.get("INSTSEG_BENCH_DIR", REPOSITORY / "build" / "bench")).resolve()
    reference_dir = Path(os.environ.get("INSTSEG_REFERENCE_DIR", REPOSITORY.parent / "shared"))
    gpu = describe_gpu(device_index(options.device))
    plan = make_plan(options, bench_dir, reference_dir)
    trtexec = find_trtexec()
    missing = "trtexec is not on the PATH: there are no times of the networks alone."
    record = empty_record(plan, gpu, [*options.note, *([] if trtexec else [missing])])
    record["settings"]["at_once"] = options.at_once
    pairs = []
    for model, model_jobs in jobs(plan, bench_dir):
        runs: list[Json] = [{"precision": job.precision} for job in model_jobs]
        record["models"].append({"label": model.label, "weights": model.weights, "runs": runs})
        pairs += list(zip(runs, model_jobs, strict=True))
    run_jobs(pairs, trtexec, options.at_once, in_new_process, lambda: write(record, options.output))
    print(report(record))
    for failure in (found := failures(record)):
        print(failure, file=sys.stderr)
    return 1 if found else 0


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse_arguments(arguments)
    try:
        return run(options)
    except (NoGpu, FolderError, InstsegError, TrtexecFailed) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
