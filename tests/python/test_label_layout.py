"""Labels stay inside the picture and off each other."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from instseg.class_colors import class_color, text_color
from instseg.label_layout import place_labels

edge = st.floats(0, 500, width=32)


@given(st.lists(st.tuples(edge, edge, edge, edge, st.integers(1, 90), st.integers(1, 20))))
def test_labels_stay_inside_the_image(entries: list[tuple[float, ...]]) -> None:
    boxes = [(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d, *_ in entries]
    sizes = [(int(w), int(h)) for *_, w, h in entries]
    places = place_labels(boxes, sizes, (300, 500))
    assert [place[2:] for place in places] == sizes
    for x, y, width, height in places:
        assert 0 <= x <= 500 - width
        assert 0 <= y <= 300 - height


def test_a_label_sits_above_its_box() -> None:
    assert place_labels([(100, 100, 200, 200)], [(50, 12)], (300, 500)) == [(100, 88, 50, 12)]


def test_without_room_above_it_sits_inside() -> None:
    assert place_labels([(100, 0, 200, 200)], [(50, 12)], (300, 500)) == [(100, 0, 50, 12)]


def test_the_second_label_of_the_same_box_goes_elsewhere() -> None:
    box = (100.0, 100.0, 200.0, 200.0)
    places = place_labels([box] * 4, [(50, 12)] * 4, (300, 500))
    for i, (x, y, width, height) in enumerate(places):
        for other_x, other_y, other_width, other_height in places[:i]:
            apart = (
                x >= other_x + other_width
                or other_x >= x + width
                or y >= other_y + other_height
                or other_y >= y + height
            )
            assert apart


def test_a_label_larger_than_the_image_starts_at_its_corner() -> None:
    assert place_labels([(2, 2, 8, 8)], [(50, 12)], (10, 10)) == [(0, 0, 50, 12)]


def test_colours_are_fixed_and_differ() -> None:
    colours = [class_color(i) for i in range(80)]
    assert colours == [class_color(i) for i in range(80)]
    assert len(set(colours)) == 80
    assert all(0 <= channel <= 255 for colour in colours for channel in colour)
    for first, second in itertools.pairwise(colours):
        assert sum(abs(a - b) for a, b in zip(first, second, strict=True)) > 100


def test_text_stands_out() -> None:
    assert text_color((255, 255, 255)) == (16, 16, 24)
    assert text_color((0, 0, 128)) == (255, 255, 255)
