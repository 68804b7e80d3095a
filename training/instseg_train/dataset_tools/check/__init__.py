"""Reads a data set whole and tells everything that is wrong with it."""
