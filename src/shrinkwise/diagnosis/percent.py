"""Shares as percent, with the digits that their error deserves."""

from __future__ import annotations

import math

LITTLE = 5e-4  # percent: what no one would call a change
NOTHING = "0 %"


def percent(share: float, se: float = math.nan, *, signed: bool = False) -> str:
    """``16.3 ± 6.9 %``, ``0.08 ± 0.09 %``: two digits of the error, one of a small one; ``5.3 %`` where none is known.

    What is next to nothing is ``0 %``.

    Parameters
    ----------
    share : float
        A hundredth of what is written.
    se : float, optional
        Its standard error; not a number, or 0, where none is known.
    signed : bool, default False
        Whether a share above zero is written with a plus.

    Returns
    -------
    str

    Examples
    --------
    >>> percent(0.163, 0.069)
    '16.3 ± 6.9 %'
    """
    if not math.isfinite(share):
        return "–"
    value, error = 100 * share, 100 * se
    if abs(value) < LITTLE and not error >= LITTLE:
        return NOTHING
    known = math.isfinite(error) and error >= LITTLE / 10
    unit = error if known else abs(value) or 10.0
    decimals = 0 if unit >= 9.95 else 1 if unit >= 0.95 else 2 if unit >= 0.095 else -math.floor(math.log10(unit))
    rounded = round(value, decimals) or 0.0  # no sign on a zero
    number = f"{rounded:{'+' if signed and rounded else ''}.{decimals}f}".replace("-", "−")
    return f"{number} ± {error:.{decimals}f} %" if known else f"{number} %"
