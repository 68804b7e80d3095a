"""From LabelMe's files, one per picture, to COCO's layout."""
