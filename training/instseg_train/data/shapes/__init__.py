"""What an object covers, before it is drawn: outlines or a bitmap, moved and scaled as such."""

from instseg_train.data.shapes.bitmap import Bitmap
from instseg_train.data.shapes.polygons import Polygons

Shape = Polygons | Bitmap

__all__ = ["Bitmap", "Polygons", "Shape"]
