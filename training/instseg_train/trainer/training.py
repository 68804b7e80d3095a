"""A run from its configuration to its results."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tqdm import tqdm

from instseg.atomic_file import atomic_file
from instseg.errors import InvalidArgument
from instseg_train.config import Config, dump_config, parse_devices
from instseg_train.data import CocoDataset, TrainLoader
from instseg_train.dataset_tools import complete_interrupted
from instseg_train.trainer import processes
from instseg_train.trainer.checkpoints import FINAL, INTERRUPTED, epoch_name, newest_checkpoint
from instseg_train.trainer.earlier_runs import set_aside
from instseg_train.trainer.evaluation import CheckpointEvaluation
from instseg_train.trainer.progress_line import ProgressLine
from instseg_train.trainer.result_file import write_result
from instseg_train.trainer.run import Run
from instseg_train.trainer.run_log import LOGGER, run_log
from instseg_train.trainer.scalars import Scalars
from instseg_train.trainer.stopping import StopRequest

CONFIG_FILE, LOG_FILE = "config.yaml", "train.log"
BATCH_PICTURE = "train_batch.png"
AUTO = "auto"


def train(config: Config) -> None:
    """Trains as `config` says; everything is written into `Global.output`.

    Several devices: starts a process for each and waits. Ctrl-C and SIGTERM leave a checkpoint
    `interrupted`, to be resumed. Raises InvalidArgument, ModelError, DownloadError, ImageError for
    input that cannot be used, TrainingError for a training that cannot go on, KeyboardInterrupt.
    """
    devices = parse_devices(config.general.device)
    processes.check_devices(devices)
    output = Path(config.general.output)
    if config.train.resume_path == AUTO:
        newest = newest_checkpoint(output)
        config = config.model_copy(deep=True)
        config.train.resume_path = None if newest is None else str(newest)
    if config.train.resume_path is None:
        set_aside(output)
    output.mkdir(parents=True, exist_ok=True)
    with atomic_file(output / CONFIG_FILE) as stream:
        stream.write(dump_config(config).encode())
    if devices.processes > 1 or config.train.dist_ips:
        processes.launch(devices, output / CONFIG_FILE, output, config.train.dist_ips)
    else:
        run(config)


def run(config: Config) -> None:
    """The training in one of its processes."""
    output = Path(config.general.output)
    processes.begin(parse_devices(config.general.device))
    first = processes.rank() == 0
    log_file = LOG_FILE if first else f"train.{processes.rank()}.log"
    with ExitStack() as stack:
        log = stack.enter_context(run_log(output / log_file, quiet=not first))
        stop = stack.enter_context(StopRequest())
        if config.train.dy2st:
            log.warning("Train.dy2st has no effect: layers are trained as they are")
        complete_interrupted(config.general.dataset_dir)
        dataset = CocoDataset(config.general.dataset_dir, "train")
        _check_classes(config, dataset)
        loader = stack.enter_context(
            TrainLoader(
                dataset,
                model=config.general.model,
                batch_size=config.train.batch_size,
                input_size=config.train.input_size,
                seed=config.train.seed,
                num_workers=config.train.num_workers,
                rank=processes.rank(),
                ranks=processes.count(),
            )
        )
        work = Run(config, loader.steps_per_epoch, dataset.class_names)
        log.info("%s", work.description(len(dataset), dataset.left_out_text()))
        evaluation = CheckpointEvaluation(config, output) if first else None
        scalars = Scalars(output, step=work.state.step) if first else None
        if scalars is not None:
            stack.callback(scalars.close)
        _run_epochs(config, work, loader, evaluation, scalars, stop)


def _run_epochs(
    config: Config,
    work: Run,
    loader: TrainLoader,
    evaluation: CheckpointEvaluation | None,
    scalars: Scalars | None,
    stop: StopRequest,
) -> None:
    output, epochs = Path(config.general.output), config.train.epochs_iters
    if work.state.epoch >= epochs:
        LOGGER.info("nothing is left to train: %d epochs are done", work.state.epoch)
    if evaluation is not None:
        evaluation.finish(work)  # of a checkpoint whose evaluation was cut off
    try:
        with ProgressLine(config, work, loader.steps_per_epoch, scalars) as line:
            for epoch in range(work.state.epoch, epochs):
                for losses in _steps(work, loader, epoch, line, output):
                    line.step(losses)
                    stop.check()
                work.end_epoch()
                if work.state.epoch % config.train.eval_interval == 0 or epoch + 1 == epochs:
                    processes.average_statistics(work.model)
                    if evaluation is not None:
                        name = epoch_name(work.state.epoch)
                        work.save(output / name, inference=True)
                        metrics = evaluation.of_checkpoint(work, output / name)
                        line.evaluated(metrics)
                        write_result(output, config.general.model, done=epoch + 1 == epochs)
                    processes.wait_for_all()
                stop.check()
    except KeyboardInterrupt:
        _save_interrupted(work, output, evaluation is not None, "stopped")
        raise
    except Exception:
        _save_interrupted(work, output, evaluation is not None, "ended by an error")
        raise
    if evaluation is not None:
        evaluation.finish_run(work, output / FINAL)
        write_result(output, config.general.model, done=True)


def _steps(
    work: Run, loader: TrainLoader, epoch: int, line: ProgressLine, output: Path
) -> Iterator[dict[str, float]]:
    waiting = time.perf_counter()
    for batch in loader.epoch(epoch, work.state.step_in_epoch):
        line.waited(time.perf_counter() - waiting)
        if work.state.step == 0 and processes.rank() == 0:
            with atomic_file(output / BATCH_PICTURE) as stream:
                loader.picture(batch).save(stream, "PNG")
        yield work.step(batch)
        waiting = time.perf_counter()


def _save_interrupted(work: Run, output: Path, first: bool, how: str) -> None:
    """All processes stop after the same number of steps only by chance, so this one is exact for a
    single process."""
    if not first or not work.between_steps or work.state.step == work.saved_at:
        return
    folder = output / INTERRUPTED
    work.save(folder, inference=False)
    tqdm.write(
        f"{how} after step {work.state.step}; go on with "
        f"Train.resume_path={folder / (folder.name + '.pdparams')}"
    )


def _check_classes(config: Config, dataset: CocoDataset) -> None:
    given, found = config.train.num_classes, len(dataset.class_names)
    if given != found:
        raise InvalidArgument(
            f"Train.num_classes is {given}, but {dataset.annotation_file} has {found} categories: "
            f"{', '.join(dataset.class_names)}. Give Train.num_classes={found}"
        )
