"""PaddleX's way of calling, for programs that move to instseg; see docs/migration.md.

    from instseg.paddlex import create_model

    model = create_model("Mask-RT-DETR-L", model_dir="Mask-RT-DETR-L_infer/")
    for res in model.predict("street.jpg", batch_size=1):
        res.print()
        res.save_to_img("output/")
        res.save_to_json("output/")

Written from PaddleX's documented interface (3.7); nothing of PaddleX or Paddle is needed.
"""

from instseg.paddlex.model_creation import create_model
from instseg.paddlex.segmentation_model import SegmentationModel
from instseg.paddlex.segmentation_result import SegmentationResult

__all__ = ["SegmentationModel", "SegmentationResult", "create_model"]
