import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shrinkwise.report.figures.chart import (
    NARROW,
    WIDE,
    apart,
    linear_ticks,
    log_ticks,
    simplified,
    spread,
    strength_axis,
    tick_text,
)

heights = st.floats(-50, 450)


@given(st.lists(heights, min_size=1, max_size=20))
def test_labels_stay_apart_in_order_and_inside(wanted):
    placed = apart(wanted, 15, 0, 300)
    assert min(placed) >= -1e-9
    assert max(placed) <= 300 + 1e-9
    pairs = sorted(zip(wanted, placed, strict=True))
    for (_, above), (_, below) in pairwise(pairs):
        assert abs(below - above) >= 15 - 1e-9
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    assert sorted(placed) == [placed[index] for index in order]


def test_labels_that_have_room_do_not_move():
    assert apart([100, 20, 60], 15, 0, 300) == [100, 20, 60]
    assert apart([100, 100], 20, 0, 300) == [90, 110]
    assert apart([], 15, 0, 300) == []


@given(st.lists(st.tuples(st.floats(0, 700), st.floats(0, 400)), min_size=1, max_size=60))
def test_a_simplified_line_stays_within_a_third_of_a_pixel(points):
    points = sorted(points)
    kept = simplified(points)
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    for point in points:
        assert min(distance(point, *piece) for piece in [*pairwise(kept), (kept[0], kept[0])]) <= 0.3 + 1e-6


def distance(point, start, stop):
    """From a point to the line through start and stop."""
    length = math.dist(start, stop)
    if length == 0:
        return math.dist(point, start)
    (x, y), (x0, y0), (x1, y1) = point, start, stop
    return abs((x1 - x0) * (y0 - y) - (x0 - x) * (y1 - y0)) / length


@given(st.floats(-1e9, 1e9), st.floats(1e-9, 1e9))
def test_ticks_are_few_and_inside(low, span):
    high = low + span
    if high - low < 1e-6 * abs(low):
        return
    ticks = linear_ticks(low, high, 5)
    assert 1 <= len(ticks) <= 7
    assert all(low - 1e-9 * abs(low) - 1e-12 <= tick <= high + 1e-9 * abs(high) + 1e-12 for tick in ticks)


@pytest.mark.parametrize("wanted", [4, 7])
@given(low=st.floats(-300, 300), span=st.floats(0.01, 20))
def test_log_ticks_are_few(wanted, low, span):
    assert 1 <= len(log_ticks(low, min(low + span, 305), wanted)) <= wanted


def test_tick_texts_tell_neighbours_apart():
    for low, high in ((0, 1), (2000, 6000), (1e-9, 5e-9), (-0.5, 0.5), (0, 2.6e8), (3.001, 3.002)):
        ticks = linear_ticks(low, high, 5)
        texts = [tick_text(tick, ticks) for tick in ticks]
        assert len(set(texts)) == len(texts)
        assert all(len(text) <= 9 for text in texts)
    assert tick_text(-0.0, [-1.0, -0.0]) == "0"


@pytest.mark.parametrize("size", [WIDE, NARROW])
@pytest.mark.parametrize("alphas", [[1.0], [0.0], [3.0, 1.0, 0.1], [1.0, 0.1, 0.0], [1e-300, 1e-305], [1e300, 1e-300]])
def test_the_strength_axis_runs_from_strong_to_weak_inside_the_plot(size, alphas):
    axis = strength_axis(alphas, size)
    places = [axis(alpha) for alpha in alphas]
    assert places == sorted(places)
    assert all(size.left <= place <= size.x_end for place in places)
    assert all(axis.holds(alpha) for alpha in alphas)
    ticks = axis.ticks(size.ticks)
    assert all(size.left <= x <= size.x_end for x, _ in ticks)
    assert ("0" in [words for _, words in ticks]) == (0.0 in alphas)


def test_a_scale_of_one_value_has_room():
    for value in (0.0, 5.0, -1e-9):
        scale = spread(value, value, 300, 0)
        assert scale(value) == pytest.approx(150)
