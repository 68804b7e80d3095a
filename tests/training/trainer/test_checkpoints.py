import pytest

from instseg.errors import ModelError
from instseg_train.trainer.checkpoints import (
    RunState,
    copy_checkpoint,
    epoch_folders,
    newest_checkpoint,
    read_state,
    remove_old,
    write_state,
)


def checkpoint(output, name, step):
    folder = output / name
    (folder / "inference").mkdir(parents=True)
    (folder / "inference" / "inference.yml").write_text("arch: PPYOLOE")
    (folder / f"{name}.pdparams").write_text(f"weights of step {step}")
    write_state(folder / f"{name}.pdstates", RunState(step, 0, 0, None, None, {}))
    return folder


def test_the_state_is_read_as_it_was_written(tmp_path):
    state = RunState(7, 2, 1, 0.25, 1, {"scale": 1024.0})
    write_state(tmp_path / "x.pdstates", state)
    assert read_state(tmp_path / "x.pdstates") == state


@pytest.mark.parametrize("text", ["", "[1]", '{"step": 1}', '{"strange": 1}'])
def test_what_is_no_state_is_refused(tmp_path, text):
    (tmp_path / "x.pdstates").write_text(text)
    with pytest.raises(ModelError, match="does not hold the state of a run"):
        read_state(tmp_path / "x.pdstates")


def test_the_furthest_checkpoint_is_the_newest(tmp_path):
    assert newest_checkpoint(tmp_path / "nothing") is None
    assert newest_checkpoint(tmp_path) is None
    checkpoint(tmp_path, "2", 30)
    checkpoint(tmp_path, "10", 110)
    checkpoint(tmp_path, "interrupted", 105)
    (tmp_path / "11").mkdir()  # not complete
    assert newest_checkpoint(tmp_path) == tmp_path / "10" / "10.pdparams"


def test_old_ones_go_by_number_not_by_name(tmp_path):
    for epoch in (2, 9, 10):
        checkpoint(tmp_path, str(epoch), epoch)
    remove_old(tmp_path, keep=2)
    assert [folder.name for folder in epoch_folders(tmp_path)] == ["9", "10"]


def test_a_copy_has_its_own_name_and_replaces_an_older_one(tmp_path):
    checkpoint(tmp_path, "0", 1)
    checkpoint(tmp_path, "1", 2)
    copy_checkpoint(tmp_path / "0", tmp_path / "best_model")
    copy_checkpoint(tmp_path / "1", tmp_path / "best_model")
    best = tmp_path / "best_model"
    assert (best / "best_model.pdparams").read_text() == "weights of step 2"
    assert read_state(best / "best_model.pdstates").step == 2
    assert (best / "inference" / "inference.yml").is_file()
    assert sorted(f.name for f in tmp_path.iterdir()) == ["0", "1", "best_model"]
