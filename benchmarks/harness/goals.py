"""How much faster than PaddleX instseg is to be on a CPU, FP32, from JPEG to results with RLE."""

GOALS = {
    "Mask-RT-DETR-S": 15.0,
    "Mask-RT-DETR-M": 15.0,
    "Mask-RT-DETR-L": 8.0,
    "Mask-RT-DETR-X": 5.0,
    "Mask-RT-DETR-H": 4.0,
    "PP-YOLOE_seg-S": 50.0,
    "SOLOv2": 4.0,
    "MaskRCNN-ResNet50": 5.0,
    "MaskRCNN-ResNet50-FPN": 5.0,
    "MaskRCNN-ResNet50-vd-FPN": 5.0,
    "MaskRCNN-ResNet101-FPN": 5.0,
    "MaskRCNN-ResNet101-vd-FPN": 5.0,
    "MaskRCNN-ResNeXt101-vd-FPN": 5.0,
    "Cascade-MaskRCNN-ResNet50-FPN": 5.0,
    "Cascade-MaskRCNN-ResNet50-vd-SSLDv2-FPN": 5.0,
}
