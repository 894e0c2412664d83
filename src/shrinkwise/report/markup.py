"""HTML and SVG as nested calls: whatever is not marked as safe is escaped, so that a forgotten escape cannot happen."""

from __future__ import annotations

import html
from collections.abc import Iterable

from shrinkwise.report.text import shorten, visible

NAME, TOOLTIP = 48, 160  # columns of a name that are shown, and kept in its tooltip


class Html(str):
    """Text that is already safe to stand in a page."""

    __slots__ = ()


def escape(text: str) -> Html:
    """Text made harmless between tags and within quoted attributes."""
    return Html(html.escape(visible(text), quote=True))


def join(children: Iterable[str | int | None]) -> Html:
    """Children one after the other, escaped unless they are Html; None is left out."""
    return Html(
        "".join(child if isinstance(child, Html) else escape(str(child)) for child in children if child is not None)
    )


def el(tag: str, *children: str | int | None, **attributes: str | float | None) -> Html:
    """One element.

    Parameters
    ----------
    tag : str
    *children : Html, str, int or None
        All but Html is escaped; None is left out.
    **attributes : str, number or None
        ``class_`` becomes ``class``, ``stroke_width`` becomes ``stroke-width``; None is left out, floats are pixels
        and rounded to a tenth.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{pixels(value) if isinstance(value, float) else escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{tag}{written}>{join(children)}</{tag}>")


def name(text: str, limit: int = NAME) -> Html:
    """A name from the data: isolated from the direction of the text around it, shortened, longer in its tooltip."""
    short = shorten(text, limit)
    return el("bdi", short, title=None if short == visible(text) else shorten(text, TOOLTIP))


def pixels(value: float) -> str:
    """A length to a tenth of a pixel, as short as can be."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
