"""Which images make up which batch."""

from __future__ import annotations

from itertools import chain

import pytest

from instseg.errors import InvalidArgument
from instseg_train.data.order import Order


def test_an_epoch_has_each_image_at_most_once_and_drops_the_rest() -> None:
    order = Order(images=23, batch_size=4, seed=0, rank=0, ranks=1)
    batches = order.batches(0)
    assert order.steps == len(batches) == 5
    used = list(chain(*batches))
    assert len(used) == len(set(used)) == 20
    assert set(used) <= set(range(23))


def test_epochs_and_seeds_differ_and_repeat() -> None:
    first = Order(23, 4, 0, 0, 1)
    assert first.batches(3) == Order(23, 4, 0, 0, 1).batches(3)
    assert first.batches(3) != first.batches(4)
    assert first.batches(3) != Order(23, 4, 1, 0, 1).batches(3)


@pytest.mark.parametrize("ranks", [2, 3])
def test_ranks_side_by_side_are_one_process_with_the_joined_batch(ranks: int) -> None:
    parts = [Order(23, 2, 5, rank, ranks).batches(1) for rank in range(ranks)]
    joined = Order(23, 2 * ranks, 5, 0, 1).batches(1)
    assert [list(chain(*step)) for step in zip(*parts, strict=True)] == joined


def test_fewer_images_than_a_batch_are_one_batch() -> None:
    assert [sorted(batch) for batch in Order(3, 8, 0, 0, 1).batches(0)] == [[0, 1, 2]]
    parts = [Order(5, 4, 0, rank, 2).batches(0) for rank in range(2)]
    assert [len(part) for part in parts] == [1, 1]
    assert parts[0][0] + parts[1][0] == Order(5, 8, 0, 0, 1).batches(0)[0]


def test_seeds_of_images_do_not_depend_on_their_batch() -> None:
    one, two = Order(23, 4, 7, 0, 1), Order(23, 2, 7, 1, 2)
    assert one.sample_seed(2, 9) == two.sample_seed(2, 9) != one.sample_seed(2, 8)
    assert one.batch_seed(2, 9) == two.batch_seed(2, 9) != one.sample_seed(2, 9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((5, 0, 0, 0, 1), "batch_size is 0"),
        ((5, 1, -1, 0, 1), "seed is -1"),
        ((5, 1, 0, 2, 2), "rank is 2 of 2"),
        ((1, 1, 0, 0, 2), "1 images are too few for 2 processes"),
    ],
)
def test_values_out_of_range(arguments: tuple[int, int, int, int, int], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        Order(*arguments)
