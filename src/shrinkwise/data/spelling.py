"""What the words of a text column look like: numbers in another notation, numbers among words, dates."""

import numpy as np
from numpy.typing import NDArray

from shrinkwise.data.column import TextCells, matches
from shrinkwise.data.names import argument, counted, quoted
from shrinkwise.exceptions import DataError

MOSTLY = 0.9  # share of the cells above which a text column is taken for what those cells are
SOME = 0.5  # share of numbers above which a note says that the column is read as text

_SIGN = r"[-+\x{2212}]?"
_MONEY = r"[$€£¥₹]"
_SPACE = r"[ \x{00A0}\x{2009}\x{202F}]"
PLAIN = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_COMMA_THOUSANDS = rf"[0-9]{{1,3}}(?:(?:,|'|’|{_SPACE})[0-9]{{3}})+(?:\.[0-9]*)?"  # 1,234.5  1'234.5  1 234
_POINT_THOUSANDS = (
    rf"[0-9]{{1,3}}(?:(?:\.|'|’|{_SPACE})[0-9]{{3}})+,[0-9]*|[0-9]{{1,3}}(?:\.[0-9]{{3}}){{2,}}"  # 1.234,5
)
_DECIMAL_COMMA = r"[0-9]*,[0-9]+"  # 3,14
_PLAIN_AMOUNT = r"[0-9]+\.?[0-9]*|\.[0-9]+"
_AMOUNT = rf"(?:{_COMMA_THOUSANDS}|{_POINT_THOUSANDS}|{_DECIMAL_COMMA}|{_PLAIN_AMOUNT})"
_SIGNED = rf"{_SIGN}{_MONEY}?{_SPACE}?{_SIGN}{_AMOUNT}{_SPACE}?(?:{_MONEY}|%)?"
FORMATTED = rf"{_SIGNED}|\({_SIGNED}\)"

_MONTH = r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY = (
    r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}"  # 2024-03-31
    r"|[0-9]{1,2}[-/][0-9]{1,2}[-/](?:[0-9]{2}|[0-9]{4})|[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}"  # 31/03/2024, 31.03.2024
    rf"|[0-9]{{1,2}}[ -]{_MONTH}[ ,-]+(?:[0-9]{{2}}|[0-9]{{4}})|{_MONTH} [0-9]{{1,2}},? [0-9]{{4}}"  # 31 Mar 2024
)
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)? ?(?:(?i:am|pm)|Z|[-+][0-9]{2}:?[0-9]{2})?"
DATE = rf"(?:{_DAY})(?:[T ,]+{_CLOCK})?|{_CLOCK}"


def check_numbers(cells: TextCells, name: str, *, note: bool = True) -> str:
    """Refuse a text column that is meant as numbers; return a note where that is not sure.

    Refused: more than nine cells in ten are numbers, and some have a notation of their own (``1,234``, ``1.234,56``,
    ``$5``, ``12 %``) or are words (``<5``, ``unknown``). As 0/1 columns, one for each number, they would teach nothing.

    Parameters
    ----------
    cells : TextCells
    name : str
    note : bool
        Make the note; the target has no use for it.

    Returns
    -------
    str
        A sentence, or ``""``.

    Raises
    ------
    DataError
        With the cells and the remedy.
    """
    counts = cells.counts()
    total = int(counts.sum())
    if total == 0:
        return ""
    present = counts > 0
    plain = matches(cells.arrow, PLAIN) & present
    formatted = matches(cells.arrow, FORMATTED) & ~plain & present
    n_plain, n_formatted = int(counts[plain].sum()), int(counts[formatted].sum())
    if n_formatted and n_plain + n_formatted > MOSTLY * total:
        first = int(np.argmax(formatted))
        raise DataError(
            f"column {quoted(name)} holds numbers written as text, such as {quoted(cells.words[first])} in row "
            f"{cells.first_row(first)} ({counted(n_formatted, 'such cell')}); write them without thousands separators, "
            "currency or percent signs and with a decimal point (1234.56). If they are labels, keep them as text with "
            f"--as-text {argument(name)}; or leave the column out with --exclude {argument(name)}"
        )
    if MOSTLY * total < n_plain < total:
        words = np.flatnonzero(present & ~plain)
        raise DataError(
            f"column {quoted(name)} holds numbers in {n_plain} of {total} cells and words in the others: "
            f"{_examples(cells, counts, words)}; put a number there or leave the cell empty, which counts as missing. "
            f"If all are labels, keep them as text with --as-text {argument(name)}; or leave the column out with "
            f"--exclude {argument(name)}"
        )
    if not note or n_plain <= SOME * total:
        return ""
    if n_plain == total:
        return (
            f"Column {quoted(name)} holds numbers stored as text: each is a level of its own. Store them as numbers if "
            "they are amounts."
        )
    return (
        f"Column {quoted(name)} is read as text, though {n_plain} of its {total} cells are numbers: "
        "each number is a level of its own."
    )


def are_dates(cells: TextCells) -> bool:
    """Whether nearly all cells are dates or times."""
    counts = cells.counts()
    total = int(counts.sum())
    return bool(total) and float(counts[matches(cells.arrow, DATE)].sum()) >= MOSTLY * total


def _examples(cells: TextCells, counts: NDArray[np.int64], words: NDArray[np.intp], shown: int = 5) -> str:
    """``'<5' (12 cells, first in row 3), 'n.d.' (1 cell, in row 9)``: the most frequent words."""
    words = words[np.argsort(-counts[words], kind="stable")]
    parts = [
        f"{quoted(cells.words[word])} ({counted(int(counts[word]), 'cell')}, "
        f"{'first ' if counts[word] > 1 else ''}in row {cells.first_row(int(word))})"
        for word in words[:shown]
    ]
    return ", ".join(parts) + (f" and {len(words) - shown} other words" if len(words) > shown else "")
