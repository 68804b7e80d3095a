"""The reference engine: an official folder as it is, run by Paddle, with PaddleX's own steps.

Everything else here is compared with it. It shares with the fast way only what reads
`inference.yml` and what stores masks: preprocessing is OpenCV's, the program is uncut.
"""
