"""How the records were made: with one thread."""

import os
from collections.abc import Iterator

import paddle
import pytest


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """A matrix product that is divided among two threads adds in another order, and generated
    weights amplify that: ResNet101's stages then differ by 6e-7 after the neck and by 4e-4 in the
    masks, of the same boxes (to 0.011 pixels)."""
    paddle.base.core.set_num_threads(1)
    yield
    paddle.base.core.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
