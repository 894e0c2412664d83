"""Names and numbers as text: what the page and the terminal both write."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable

REPLACED = {"Cc", "Cs", "Zl", "Zp"}  # control characters, lone surrogates, line and paragraph separators
BIDI = {chr(code) for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
MARKS = 3  # combining marks on one letter; more would climb over the lines above
ELLIPSIS = "…"


def visible(text: str) -> str:
    """The text with characters that would break a line, a page, a terminal or the direction of reading made visible."""
    if text.isascii() and text.isprintable():
        return text
    shown, marks = [], 0
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= MARKS:
            shown.append(_visible_character(char))
    return "".join(shown)


def _visible_character(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)  # its picture: ␊ for a line feed
    if char in BIDI:
        return f"‹U+{code:04X}›"
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) in REPLACED else char


def shorten(text: str, limit: int, ellipsis: str = ELLIPSIS) -> str:
    """The text as :func:`visible` has it, its middle left out where it takes more than ``limit`` columns."""
    shown = visible(text[: 4 * limit] + text[-4 * limit :] if len(text) > 8 * limit else text)
    if not shown.strip():
        return "(blank)"
    if width(shown) <= limit and len(text) <= 8 * limit:
        return shown
    tail = _fit(reversed(shown), limit // 3)[::-1]
    return _fit(shown, limit - len(ellipsis) - width(tail)) + ellipsis + tail


def _fit(text: Iterable[str], limit: int) -> str:
    taken, used = [], 0
    for char in text:
        used += width(char)
        if used > limit:
            break
        taken.append(char)
    return "".join(taken)


def width(text: str) -> int:
    """Columns that a text takes where wide characters take two."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def general(value: float | None, digits: int = 4) -> str:
    """A number to ``digits`` significant digits: 0.0123, 1.2e-05, ∞; – where there is none."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{digits}g}"
    if "e" in text and 1 <= abs(value) < 1e7:
        text = f"{value:.0f}"
    mantissa, _, exponent = text.partition("e")
    return (f"{mantissa}e{int(exponent)}" if exponent else mantissa).replace("-", "−", 1 if value < 0 else 0)


def scores(values: Iterable[float], errors: Iterable[float]) -> Callable[[float], str]:
    """A way to write the scores of one table, all with the same decimals: the smallest error keeps two digits."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    smallest = min((error for error in errors if math.isfinite(error) and error > 0), default=0.0)
    unit = smallest or largest / 1000
    if unit == 0 or largest / unit > 1e6:
        return general
    power = 0 if 1e-5 < unit < 1e7 else math.floor(math.log10(max(largest, unit)))
    decimals = max(0, 1 - math.floor(math.log10(unit / 10.0**power)))
    tail = f"e{power}" if power else ""

    def score(value: float) -> str:
        if not abs(value) <= 1000 * largest:
            return general(value)
        return f"{value / 10.0**power:.{decimals}f}{tail}".replace("-", "−", 1 if value < 0 else 0)

    return score


def aligned(values: Iterable[float]) -> Callable[[float], str]:
    """A way to write the numbers of one column, all with the same decimals: the largest keeps four digits."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if not 1e-3 <= largest < 1e6:
        return general
    decimals = max(0, 3 - math.floor(math.log10(largest)))
    tiny = 0.5 * 10.0**-decimals
    return lambda value: general(value, 1) if 0 < abs(value) < tiny else f"{value:.{decimals}f}".replace("-", "−")


def glued(text: str) -> str:
    """The sentence with numbers held together at the end of a line: ``16.3 ± 6.9 %``, ``λ = 2.771``."""
    for loose in (" ± ", " %", "λ = ", "l1 = ", "l2 = "):
        text = text.replace(loose, loose.replace(" ", "\N{NO-BREAK SPACE}"))
    return text


def count(number: int, noun: str) -> str:
    """``1 feature``, ``2 000 features``, ``3 classes``."""
    return f"{whole(number)} {noun if number == 1 else noun + ('es' if noun.endswith('s') else 's')}"


def whole(number: int) -> str:
    """A whole number, in groups of three where it is long (with a space that does not break)."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}") if abs(number) >= 10_000 else str(number)


def listed(items: list[str]) -> str:
    """``a, b and c``."""
    return " and ".join(part for part in (", ".join(items[:-1]), items[-1]) if part) if items else ""
