"""The parts of `gpu.py`: models on a GPU's engine, held against the CPU's and timed."""
