"""The networks alone, timed on the GPU by NVIDIA's trtexec: no copies, no processor's part.

The published T4 figures are of this kind. trtexec comes with TensorRT's archives and containers,
not with its wheels; without it there is no such figure.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

Json = dict[str, Any]
Run = Callable[[Sequence[str]], str]
MOST_BOXES, MOST_INSTANCES = 128, 32  # of one run of an R-CNN's heads


class TrtexecFailed(Exception):
    """It could not build or time a network; the message has the end of its output."""


@dataclass(frozen=True)
class Trtexec:
    path: str
    major: int  # of TensorRT

    def time_ms(
        self, network: Path, shapes: Mapping[str, Sequence[int]], precision: str, run: Run
    ) -> float:
        """Median time of the kernels of one execution."""
        with tempfile.TemporaryDirectory() as scratch:
            times = Path(scratch) / "times.json"
            run(self.command(network, shapes, precision, times))
            try:
                entries = json.loads(times.read_text(encoding="utf-8"))
                return median(float(entry["computeMs"]) for entry in entries)
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise TrtexecFailed(
                    f"trtexec wrote no times for {network.name}: {error!r}"
                ) from error

    def command(
        self, network: Path, shapes: Mapping[str, Sequence[int]], precision: str, times: Path
    ) -> list[str]:
        """fp16: the strongly typed file, from TensorRT 10 on; before, the network itself with the
        layers named that stay FP32."""
        file, flags = network, []
        if precision != "tf32":
            flags.append("--noTF32")
        if precision == "fp16" and self.major >= 10:
            file = network.with_suffix(".fp16.onnx")
            flags.append("--stronglyTyped")
        elif precision == "fp16":
            flags += ["--fp16", "--precisionConstraints=obey"]
            if layers := fp32_layers(network):
                flags.append("--layerPrecisions=" + ",".join(f"{name}:fp32" for name in layers))
        sides = ",".join(f"{name}:{'x'.join(map(str, shape))}" for name, shape in shapes.items())
        return [
            self.path,
            f"--onnx={file}",
            f"--shapes={sides}",
            *flags,
            "--noDataTransfers",
            "--useCudaGraph",
            "--useSpinWait",
            "--warmUp=500",
            "--duration=5",
            f"--exportTimes={times}",
        ]


def find_trtexec(run: Run | None = None) -> Trtexec | None:
    """The one on the PATH; None where there is none."""
    path = shutil.which("trtexec")
    if path is None:
        return None
    text = (run or (lambda command: run_command(command, check=False)))([path, "--help"])
    found = re.search(r"\[TensorRT v(\d+)\]", text)
    if found is None:
        raise TrtexecFailed(f"{path} does not say its version; expected: [TensorRT v101600]")
    return Trtexec(path, major_of(int(found[1])))


def major_of(number: int) -> int:
    """8601 -> 8 (major, one digit each of minor and patch), 101600 -> 10 (two digits each)."""
    return number // 1000 if number < 10000 else number // 10000


def run_command(command: Sequence[str], *, check: bool = True) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    text = done.stdout + done.stderr
    if check and done.returncode != 0:
        raise TrtexecFailed(f"{' '.join(command[:2])} failed: ...{text.strip()[-800:]}")
    return text


def fp32_layers(network: Path) -> list[str]:
    """Names, one a line, beside the network; empty where there is no such file."""
    names = network.with_suffix(".fp16.fp32-nodes.txt")
    return names.read_text(encoding="utf-8").splitlines() if names.is_file() else []


def input_shapes(manifest: Json, image_size: tuple[int, int]) -> dict[str, dict[str, list[int]]]:
    """Role -> input -> shape, for one image: its size in the main network, and as many regions as
    the SDK gives the heads at a time."""
    from instseg import _core

    height, width = image_size
    blank = np.zeros((height, width, 3), np.uint8)
    padded = list(_core.preprocess(blank, spec=manifest["preprocess"]).shape)
    shapes: dict[str, dict[str, list[int]]] = {}
    for network in manifest["networks"]:
        role = network["role"]
        [entry] = network["inputs"]
        if role == "main":
            shape = [1, *padded]
        else:
            regions = MOST_INSTANCES if role == "mask" else MOST_BOXES
            shape = [regions, *entry["shape"][1:]]
        shapes[role] = {entry["name"]: shape}
    return shapes


def networks_alone(
    trtexec: Trtexec,
    folder: Path,
    image_size: tuple[int, int],
    precision: str,
    run: Run = run_command,
) -> Json:
    """Role -> {"ms", "shapes"} of every network of the folder."""
    manifest = json.loads((folder / "instseg.json").read_text(encoding="utf-8"))
    shapes = input_shapes(manifest, image_size)
    return {
        network["role"]: {
            "ms": trtexec.time_ms(
                folder / network["file"], shapes[network["role"]], precision, run
            ),
            "shapes": shapes[network["role"]],
        }
        for network in manifest["networks"]
    }
