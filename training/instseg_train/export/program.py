"""Traces a model and writes its program and weights."""

from __future__ import annotations

import copy
import warnings
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Literal

import paddle
from paddle.static import InputSpec

from instseg.errors import EngineError
from instseg_train.export.older_paddle import write_as_paddle_3_0
from instseg_train.models.segmenter import Segmenter

ProgramFormat = Literal["pir", "legacy"]
PROGRAM_FILES: dict[ProgramFormat, str] = {"pir": "inference.json", "legacy": "inference.pdmodel"}
# Not needed to run the program.
_BYPRODUCTS = ("inference.pdiparams.info",)


def write_program(
    model: Segmenter,
    folder: Path,
    *,
    fixed_size: tuple[int, int] | None,
    program_format: ProgramFormat,
) -> None:
    """Writes `inference.json` (or `inference.pdmodel`) and `inference.pdiparams` into `folder`.

    `model` stays as it is: a copy in evaluation mode is traced. fixed_size: height and width of
    the program's images; None: any.
    """
    exported = copy.deepcopy(model)
    exported.eval()
    exported.prepare_export(fixed_size)
    height, width = fixed_size or (None, None)
    inputs = {
        "image": InputSpec([None, 3, height, width], "float32", "image"),
        "im_shape": InputSpec([None, 2], "float32", "im_shape"),
        "scale_factor": InputSpec([None, 2], "float32", "scale_factor"),
    }
    expected = folder / PROGRAM_FILES[program_format]
    cannot = (
        f"Paddle {paddle.__version__} cannot write programs of the {program_format} format "
        f"({expected.name}). {_REMEDIES[program_format]}"
    )
    with _program_api(program_format), warnings.catch_warnings():
        # Paddle tells of outputs that it sorts, and of variables that one branch alone has.
        warnings.simplefilter("ignore", UserWarning)
        try:
            traced = paddle.jit.to_static(exported, input_spec=[inputs], full_graph=True)
            paddle.jit.save(traced, str(folder / "inference"))
        except Exception as error:
            # Newer Paddle mixes the formats up while it traces.
            if program_format == "legacy" and not paddle.__version__.startswith("3.0."):
                raise EngineError(cannot) from error
            raise
    for name in _BYPRODUCTS:
        (folder / name).unlink(missing_ok=True)
    if not expected.is_file():
        raise EngineError(cannot)
    if program_format == "pir":
        write_as_paddle_3_0(expected)


_REMEDIES: dict[ProgramFormat, str] = {
    "pir": "Export with Paddle 3.0 or newer.",
    "legacy": "Export with Paddle 3.0, or in the PIR format, which PaddleX 3 reads too.",
}


def _program_api(program_format: ProgramFormat) -> AbstractContextManager[object]:
    if program_format == "pir":
        return nullcontext()
    from paddle.pir_utils import OldIrGuard

    guard: AbstractContextManager[object] = OldIrGuard()
    return guard
