import numpy as np
import pytest
from harness.summary import percentile, summarize
from hypothesis import given
from hypothesis import strategies as st

timings = st.lists(st.floats(0.01, 1e5), min_size=1, max_size=40)


@given(timings, st.floats(0, 100))
def test_percentile_is_numpys(values: list[float], percent: float) -> None:
    assert percentile(values, percent) == pytest.approx(np.percentile(values, percent))


def test_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_summary_orders_its_figures() -> None:
    summary = summarize([5.0, 1.0, 2.0, 100.0])
    assert summary["count"] == 4
    assert summary["median"] == 3.5
    assert summary["min"] == 1.0
    assert summary["min"] <= summary["p10"] <= summary["median"] <= summary["p90"]
