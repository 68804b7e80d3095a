"""Steps of augmentation: small dataclasses, `step(sample, random) -> Sample`.

They change what PaddleDetection's steps of these names change, with the same chances, in uint8.
"""
