"""Divides a data set in COCO's layout into training and validation."""
