import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shrinkwise.report.markup import el, escape, join, name
from shrinkwise.report.text import aligned, general, listed, scores, shorten, visible, whole, width
from shrinkwise.report.words import plus_minus

any_text = st.text(st.characters(exclude_categories=()), max_size=300)


@given(any_text)
def test_visible_text_has_no_control_surrogate_or_direction_character(text):
    shown = visible(text)
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
    shown.encode("utf-8")
    assert visible(shown) == shown


@given(any_text, st.integers(8, 60))
def test_shortened_text_fits_its_columns(text, limit):
    assert 0 < width(shorten(text, limit)) <= limit


@given(any_text)
def test_escaped_text_cannot_leave_its_place(text):
    escaped = escape(text)
    assert not set(escaped) & set("<>\"'")
    assert escape(escaped) != escaped or "&" not in escaped


def test_short_text_is_left_alone_and_long_text_keeps_both_ends():
    assert shorten("age", 10) == "age"
    assert shorten("abcdefghijklmnop", 10) == "abcdef…nop"
    assert shorten("  ", 10) == shorten("", 10) == "(blank)"
    assert shorten("x" * 100_000 + "end", 20).endswith("xxxend")


def test_a_shortened_name_keeps_more_in_its_tooltip():
    assert name("age") == "<bdi>age</bdi>"
    assert name("<b>" + "y" * 1000).count("y") < 220
    assert 'title="&lt;b&gt;yyy' in name("<b>" + "y" * 1000)


def test_children_are_escaped_unless_they_are_html_and_none_is_left_out():
    assert el("p", "a<b", el("i", 3), None, class_="x", data_y='"', z=None) == (
        '<p class="x" data-y="&quot;">a&lt;b<i>3</i></p>'
    )
    assert el("rect", x=1.26, y=-0.01, width=30.0) == '<rect x="1.3" y="0" width="30"></rect>'
    assert join(["&", None, el("br")]) == "&amp;<br></br>"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"),
        (0.00123456, "0.001235"),
        (-3.2, "−3.2"),
        (12345.678, "12346"),
        (1.2e-5, "1.2e-5"),
        (-1.2e-5, "−1.2e-5"),
        (1e300, "1e300"),
        (math.inf, "∞"),
        (math.nan, "–"),
        (None, "–"),
    ],
)
def test_numbers_have_four_digits(value, words):
    assert general(value) == words


def test_scores_of_one_table_share_their_decimals():
    assert [scores([2973.12, 3100.2], [147.3, 98.4])(value) for value in (2973.12, 12.3, math.inf)] == [
        "2973",
        "12",
        "∞",
    ]
    assert scores([0.523], [0.0123])(0.523) == "0.523"
    assert scores([5.0], [0.0])(5.0) == "5.0000"
    assert scores([0.0], [0.0])(0.0) == "0"
    tiny = scores([1.0082e-12], [1.4e-13])
    assert tiny(-1.0082e-12) == "−1.01e-12"
    assert plus_minus(tiny, 1.0082e-12, 1.4e-13) == "(1.01 ± 0.14)e-12"
    assert plus_minus(tiny, 1.0082e-12, 0.0) == "1.01e-12"


def test_a_column_of_numbers_shares_its_decimals_and_hides_no_nonzero():
    write = aligned([23.83, -5.161, 0.0012])
    assert [write(value) for value in (23.83, -5.161, 0.0012, 0.0)] == ["23.83", "−5.16", "0.001", "0.00"]


def test_lists_and_whole_numbers():
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert [whole(n) for n in (9999, 10_000)] == ["9999", "10\u202f000"]
