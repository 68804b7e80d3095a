"""The 15 models in Paddle: built, loaded, trained, evaluated and exported for the SDK.

Names load on first use (PEP 562), as importing Paddle takes seconds.
"""

import os
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

from instseg.optional_package import require

if TYPE_CHECKING:
    from instseg_train.export import export_model as export_model
    from instseg_train.models.table import MODELS as MODELS
    from instseg_train.models.table import build_model as build_model
    from instseg_train.weights import load_model as load_model
    from instseg_train.weights import load_weights as load_weights
    from instseg_train.weights import save_model as save_model

# Its C++ part remarks on exports, in lines that look like errors.
os.environ.setdefault("GLOG_minloglevel", "2")
# Remarks of Paddle on its own functions: nothing that a user of this package could act on.
for _remark in (
    r"No ccache found",
    r"\s*Non compatible API",
    r"When training, we now always track global mean and variance",
):
    warnings.filterwarnings("ignore", message=_remark)

# Public name -> the module that defines it.
_HOMES = {
    "MODELS": "models.table",
    "build_model": "models.table",
    "export_model": "export",
    "load_model": "weights",
    "load_weights": "weights",
    "save_model": "weights",
}

__all__ = [
    "MODELS",
    "build_model",
    "export_model",
    "load_model",
    "load_weights",
    "save_model",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        require("paddle", extra="train", purpose=f"instseg_train.{name}")
        return getattr(import_module(f"instseg_train.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
