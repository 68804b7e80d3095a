"""Devices of a configuration, as the SDK takes them."""

import pytest

from instseg_train.config import parse_devices
from instseg_train.workflow.engines import engine_and_device


@pytest.mark.parametrize(
    ("engine", "device", "expected"),
    [
        ("auto", "cpu:2", ("auto", "cpu")),
        ("paddle", "cpu", ("paddle", "cpu")),
        ("auto", "gpu:1,0", ("paddle", "gpu:1")),
        ("auto", "gpu", ("paddle", "gpu")),
        ("openvino", "gpu:0", ("openvino", "gpu:0")),
    ],
)
def test_options(engine: str, device: str, expected: tuple[str, str]) -> None:
    assert engine_and_device(engine, parse_devices(device)) == expected
