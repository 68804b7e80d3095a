"""Every official checkpoint fits: names, shapes, types, and what is trained."""

from __future__ import annotations

import pytest
from parity.reference_data import manifest

from instseg_train.models.table import MODELS, build_model


@pytest.mark.parametrize("name", MODELS)
def test_the_state_dict_is_the_references(name: str) -> None:
    expected = manifest(name)
    model = build_model(name)
    trainable = {key: not p.stop_gradient for key, p in model.named_parameters()}
    ours = {
        key: (list(tensor.shape), str(tensor.numpy().dtype))
        for key, tensor in model.state_dict().items()
    }
    assert ours == {key: (entry["shape"], entry["dtype"]) for key, entry in expected.items()}
    wrong = {
        key: trainable[key]
        for key, entry in expected.items()
        if key in trainable and trainable[key] != entry["trainable"]
    }
    assert wrong == {}
    parameters = {
        key for key, entry in expected.items() if entry["trainable"] and "alias_of" not in entry
    }
    assert parameters <= set(trainable)
