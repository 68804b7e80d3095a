"""What becomes of weights that fit, fit partly, or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import paddle
import pytest
from paddle import nn

from instseg.errors import DownloadError, InvalidArgument, ModelError
from instseg_train.weights.loading import load_weights


class Small(nn.Layer):
    class_head_names = ("head.",)

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.backbone = nn.Linear(3, 5)
        self.head = nn.Linear(5, num_classes)


def arrays(model: nn.Layer) -> dict[str, np.ndarray]:
    return {name: tensor.numpy().copy() for name, tensor in model.state_dict().items()}


def test_weights_of_the_same_model_are_all_loaded(tmp_path: Path) -> None:
    source, model = Small(4), Small(4)
    paddle.save(source.state_dict(), str(tmp_path / "small.pdparams"))
    report = load_weights(model, tmp_path / "small.pdparams", strict=True)
    assert len(report.loaded) == 4
    assert (report.missing, report.unexpected, report.adapted) == ((), (), ())
    assert all(np.array_equal(arrays(model)[k], v) for k, v in arrays(source).items())


def test_class_heads_of_another_count_stay_as_they_are() -> None:
    model = Small(7)
    before = arrays(model)
    report = load_weights(model, arrays(Small(4)))
    assert report.adapted == ("head.weight", "head.bias")
    assert report.loaded == ("backbone.weight", "backbone.bias")
    assert np.array_equal(arrays(model)["head.weight"], before["head.weight"])
    assert "2 class heads initialised anew (head.weight, head.bias)" in str(report)


def test_other_differences_are_reported() -> None:
    given = arrays(Small(4))
    given["extra"] = np.zeros(2, np.float32)
    given["backbone.weight"] = np.zeros((9, 9), np.float32)
    del given["head.bias"]
    report = load_weights(Small(4), given)
    assert report.unexpected == ("extra",)
    assert report.missing == ("head.bias",)
    assert report.mismatched == {"backbone.weight": ((3, 5), (9, 9))}
    assert "backbone.weight [9, 9] for [3, 5]" in str(report)


def test_strict_leaves_the_model_untouched() -> None:
    model = Small(7)
    before = arrays(model)
    with pytest.raises(ModelError, match="does not fit"):
        load_weights(model, arrays(Small(4)), strict=True)
    assert all(np.array_equal(arrays(model)[k], v) for k, v in before.items())


def test_backbone_weights_need_no_prefix() -> None:
    source, model = Small(4), Small(2)
    given = {name: t.numpy() for name, t in source.backbone.state_dict().items()}
    report = load_weights(model, given)
    assert report.loaded == ("backbone.weight", "backbone.bias")
    assert report.missing == ("head.weight", "head.bias")
    assert np.array_equal(arrays(model)["backbone.weight"], given["weight"])


def test_one_tensor_under_two_names_is_given_once() -> None:
    class Shared(nn.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(2, 2)
            self.second = self.first

    source, model = Shared(), Shared()
    given = {name: value for name, value in arrays(source).items() if name.startswith("first")}
    assert load_weights(model, given).missing == ()
    assert np.array_equal(model.second.weight.numpy(), source.first.weight.numpy())


def test_nothing_that_fits_is_an_error() -> None:
    with pytest.raises(ModelError, match="Nothing of the dict of weights fits"):
        load_weights(Small(4), {"other": np.zeros(3, np.float32)})
    with pytest.raises(InvalidArgument, match="weights is a int"):
        load_weights(Small(4), 3)  # type: ignore[arg-type]


def test_without_a_network_the_message_names_the_file_to_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSTSEG_CACHE_DIR", str(tmp_path / "cache"))
    url = "http://127.0.0.1:9/SOLOv2_pretrained.pdparams"
    with pytest.raises(DownloadError, match=r"put the file here as .*SOLOv2_pretrained\.pdparams"):
        load_weights(Small(4), url)
    (tmp_path / "mine").mkdir()
    source = Small(4)
    paddle.save(source.state_dict(), str(tmp_path / "mine" / "SOLOv2_pretrained.pdparams"))
    monkeypatch.setenv("INSTSEG_WEIGHTS_DIR", str(tmp_path / "mine"))
    assert len(load_weights(Small(4), url).loaded) == 4
