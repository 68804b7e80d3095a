"""Instance segmentation in production: PaddleX's models, fast, from Python, C++ and a shell.

    import instseg

    predictor = instseg.Predictor("Mask-RT-DETR-L_infer/")
    result = predictor.predict("street.jpg")

Names load on first use (PEP 562), so that `import instseg` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from instseg._core import Mask as Mask
    from instseg.demo.demo_model import demo_model as demo_model
    from instseg.engine_table import engines as engines
    from instseg.errors import DownloadError as DownloadError
    from instseg.errors import EngineError as EngineError
    from instseg.errors import ImageError as ImageError
    from instseg.errors import InstsegError as InstsegError
    from instseg.errors import InvalidArgument as InvalidArgument
    from instseg.errors import MissingPackage as MissingPackage
    from instseg.errors import ModelError as ModelError
    from instseg.masks import MaskCrop as MaskCrop
    from instseg.masks import Masks as Masks
    from instseg.model_names import OFFICIAL_MODELS as OFFICIAL_MODELS
    from instseg.predictor import Predictor as Predictor
    from instseg.result import Instance as Instance
    from instseg.result import Result as Result

    __version__: str

# Public name -> the module that defines it.
_HOMES = {
    "DownloadError": "errors",
    "EngineError": "errors",
    "ImageError": "errors",
    "Instance": "result",
    "InstsegError": "errors",
    "InvalidArgument": "errors",
    "Mask": "_core",
    "MaskCrop": "masks",
    "Masks": "masks",
    "MissingPackage": "errors",
    "ModelError": "errors",
    "OFFICIAL_MODELS": "model_names",
    "Predictor": "predictor",
    "Result": "result",
    "demo_model": "demo.demo_model",
    "engines": "engine_table",
}
_SUBMODULES = ("_core", "cli", "errors", "importer", "paddlex")

__all__ = [
    "OFFICIAL_MODELS",
    "DownloadError",
    "EngineError",
    "ImageError",
    "Instance",
    "InstsegError",
    "InvalidArgument",
    "Mask",
    "MaskCrop",
    "Masks",
    "MissingPackage",
    "ModelError",
    "Predictor",
    "Result",
    "__version__",
    "demo_model",
    "engines",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = import_module("instseg.package_version").package_version()
    elif name in _HOMES:
        value = getattr(import_module(f"instseg.{_HOMES[name]}"), name)
    elif name in _SUBMODULES:
        value = import_module(f"instseg.{name}")
    else:
        raise AttributeError(f"module 'instseg' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
