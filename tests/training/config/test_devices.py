"""`Global.device`."""

import pytest

from instseg_train.config.devices import Devices, parse_devices


@pytest.mark.parametrize(
    ("text", "expected", "first"),
    [
        ("cpu", Devices("cpu", (), 1), "cpu"),
        ("cpu:3", Devices("cpu", (), 3), "cpu"),
        ("gpu", Devices("gpu", (), 1), "gpu"),
        ("gpu:2", Devices("gpu", (2,), 1), "gpu:2"),
        ("gpu:1,0", Devices("gpu", (1, 0), 2), "gpu:1"),
    ],
)
def test_forms(text: str, expected: Devices, first: str) -> None:
    devices = parse_devices(text)
    assert devices == expected
    assert devices.first == first


@pytest.mark.parametrize("text", ["", "CPU", "cpu:0", "cpu:-1", "gpu:", "gpu:0,", "gpu:0,0", "npu"])
def test_others_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected cpu, cpu:N"):
        parse_devices(text)


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
def test_as_the_sdk_takes_them(engine: str, device: str, expected: tuple[str, str]) -> None:
    devices = parse_devices(device)
    assert (devices.engine(engine), devices.first) == expected
