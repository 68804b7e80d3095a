"""From a data set on disk to batches that models learn from."""
