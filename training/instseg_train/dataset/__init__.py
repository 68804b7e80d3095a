"""Data sets drawn for tests and demonstrations."""
