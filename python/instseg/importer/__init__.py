"""Official model folders (PaddleX, PaddleDetection) to network folders, without Paddle.

    import_model("Mask-RT-DETR-L_infer/", "networks/Mask-RT-DETR-L")     # explicitly
    folder = cached_network_folder("Mask-RT-DETR-L_infer/")              # once, into the cache

For parity work, a program can be taken apart. Values are named as in the program: `%1384` is the
value with number 1384 in `inference.json`; in a `.pdmodel` it is the variable's name.

    graph = read_program(folder / "inference.json", folder / "inference.pdiparams")
    propagate(graph)                                      # shapes, in place
    layer = extract(graph, ["%1968", "%1737"], ["%2121"])     # one decoder layer
    write_onnx(optimise(understand(layer)), Path("layer.onnx"))   # tensors keep their names

    cut = cut_mask_rtdetr(understand(graph))              # where the SDK cuts
    whole = network_graph(graph, cut.networks[0], extra_outputs=["%1765", "%1770"])
    write_onnx(whole, Path("with_intermediates.onnx"))    # boxes, logits, ..., %1765, %1770
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cuts.mask_rtdetr import cut_mask_rtdetr as cut_mask_rtdetr
    from .ir.extract import extract as extract
    from .lowering.onnx_file import write_onnx as write_onnx
    from .model_import import import_model as import_model
    from .model_import import network_graph as network_graph
    from .network_cache import cached_network_folder as cached_network_folder
    from .network_cache import source_hash as source_hash
    from .network_folder import is_network_folder as is_network_folder
    from .network_folder import read_manifest as read_manifest
    from .network_folder import verify_network_folder as verify_network_folder
    from .passes.constant_folding import propagate as propagate
    from .passes.pipeline import optimise as optimise
    from .passes.pipeline import understand as understand
    from .program import read_program as read_program
    from .version import IMPORTER_VERSION as IMPORTER_VERSION

# Public name -> the module that defines it. Loaded on first use: a cache hit needs few of them.
_HOMES = {
    "IMPORTER_VERSION": "version",
    "cached_network_folder": "network_cache",
    "cut_mask_rtdetr": "cuts.mask_rtdetr",
    "extract": "ir.extract",
    "import_model": "model_import",
    "is_network_folder": "network_folder",
    "network_graph": "model_import",
    "optimise": "passes.pipeline",
    "propagate": "passes.constant_folding",
    "read_manifest": "network_folder",
    "read_program": "program",
    "source_hash": "network_cache",
    "understand": "passes.pipeline",
    "verify_network_folder": "network_folder",
    "write_onnx": "lowering.onnx_file",
}

__all__ = [
    "IMPORTER_VERSION",
    "cached_network_folder",
    "cut_mask_rtdetr",
    "extract",
    "import_model",
    "is_network_folder",
    "network_graph",
    "optimise",
    "propagate",
    "read_manifest",
    "read_program",
    "source_hash",
    "understand",
    "verify_network_folder",
    "write_onnx",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
