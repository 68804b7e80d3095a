"""Official model folders (PaddleX, PaddleDetection) to network folders, without Paddle.

    import_model("Mask-RT-DETR-L_infer/", "networks/Mask-RT-DETR-L")

For parity work, a program can be taken apart. Values are named as in the program: `%1384` is the
value with number 1384 in `inference.json`; in a `.pdmodel` it is the variable's name.

    graph = read_program(folder / "inference.json", folder / "inference.pdiparams")
    propagate(graph)                                      # shapes, in place
    layer = extract(graph, ["%1968", "%1737"], ["%2121"])     # one decoder layer, fed from outside
    write_onnx(optimise(understand(layer)), Path("layer.onnx"))   # inputs and outputs keep the names

    cut = cut_mask_rtdetr(understand(graph))              # where the SDK cuts
    whole = network_graph(graph, cut.networks[0], extra_outputs=["%1765", "%1770"])
    write_onnx(whole, Path("with_intermediates.onnx"))    # boxes, logits, ..., %1765, %1770
"""

from .import_model import IMPORTER_VERSION, import_model, network_graph
from .ir.extract import extract
from .lowering.onnx_file import write_onnx
from .network_folder import is_network_folder, read_manifest, verify_network_folder
from .passes.constant_folding import propagate
from .passes.pipeline import optimise, understand
from .program import read_program

__all__ = [
    "IMPORTER_VERSION",
    "extract",
    "import_model",
    "is_network_folder",
    "network_graph",
    "optimise",
    "propagate",
    "read_manifest",
    "read_program",
    "understand",
    "verify_network_folder",
    "write_onnx",
]
