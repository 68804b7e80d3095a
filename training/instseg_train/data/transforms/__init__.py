"""Steps of augmentation: small dataclasses, `step(sample, random) -> Sample`."""
