import json

from PIL import Image

from instseg_train.trainer.scalars import Scalars, draw_curves


def lines(output):
    return [json.loads(line) for line in (output / "scalars.jsonl").read_text().splitlines()]


def test_a_resumed_run_drops_what_lies_beyond_its_checkpoint(tmp_path):
    first = Scalars(tmp_path, step=0)
    for step in (1, 2, 3):
        first.add(step, {"train/loss": 1.0 / step})
    first.close()
    again = Scalars(tmp_path, step=2)
    again.add(3, {"train/loss": 9.0})
    again.close()
    assert [(row["step"], row["train/loss"]) for row in lines(tmp_path)] == [
        (1, 1.0),
        (2, 0.5),
        (3, 9.0),
    ]


def test_a_torn_line_of_a_killed_run_is_left_out(tmp_path):
    (tmp_path / "scalars.jsonl").write_text('{"step": 1, "train/loss": 2.0}\n{"step": 2, "tra')
    Scalars(tmp_path, step=5).close()
    assert lines(tmp_path) == [{"step": 1, "train/loss": 2.0}]


def test_curves_are_a_picture_of_any_rows(tmp_path):
    drawn = []
    for rows in (
        [],
        [{"step": 1, "train/loss": 0.0, "train/rate": 0.1}],
        [{"step": s, "train/loss": 2.0 / s, "eval/mask_AP": 0.1 * s} for s in (1, 2, 3)],
    ):
        draw_curves(rows, tmp_path / "curves.png")
        with Image.open(tmp_path / "curves.png") as picture:
            assert picture.size == (900, 900)
            drawn.append(picture.convert("RGB").tobytes())
    assert len(set(drawn)) == 3
