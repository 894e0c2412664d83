"""What was taken out of a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Compaction:
    """What `compact` removed, and what it left and why. Pairs are (before, after).

    Parameters
    ----------
    parameters : (int, int)
        Numbers in all weights.
    bytes : (int, int)
        Size of all weights.
    units : dict of str to (int, int)
        Units or filters of each Dense and Conv layer.
    inputs : dict of str to ndarray of int
        For each input, the places of the columns (channels) that are kept.
    n_inputs : dict of str to int
        How many columns each input had.
    left : dict of str to str
        Layers that stay as they are, in part or in whole, and why.
    deviation : float
        Largest difference of outputs relative to the largest output, measured on `rows` rows.
    tolerance : float
        What was allowed.
    rows : int
    seconds : (float, float) or None
        Seconds of ``predict`` on `timed_rows` rows, best of several, where it was asked for.
    timed_rows : int
    saved : (int, int) or None
        Bytes of the ``.keras`` files, where it was asked for.
    """

    parameters: tuple[int, int]
    bytes: tuple[int, int]
    units: dict[str, tuple[int, int]]
    inputs: dict[str, Array]
    n_inputs: dict[str, int]
    left: dict[str, str]
    deviation: float
    tolerance: float
    rows: int
    seconds: tuple[float, float] | None = None
    timed_rows: int = 0
    saved: tuple[int, int] | None = None

    @property
    def changed(self) -> bool:
        """Whether anything was removed."""
        return self.parameters[0] != self.parameters[1] or any(
            len(kept) < self.n_inputs[name] for name, kept in self.inputs.items()
        )

    def __str__(self) -> str:
        lines = []
        if not self.changed:
            lines.append("no dead inputs, units or filters: the model is an equal copy")
        lines.append(_pair("parameters", *self.parameters))
        lines.append(_pair("bytes of weights", *self.bytes))
        if self.saved is not None:
            lines.append(_pair("bytes of the .keras file", *self.saved))
        lines += [f"input {name}: {len(kept)} of {self.n_inputs[name]} kept" for name, kept in self.inputs.items()]
        lines += [f"{name}: {after} of {before} units kept" for name, (before, after) in self.units.items()]
        lines += [f"{name}: left ({reason})" for name, reason in self.left.items()]
        if self.seconds is not None:
            before, after = self.seconds
            times = f"{before / after:.2f}x as fast" if after > 0 else "too fast to time"
            lines.append(f"predict, {self.timed_rows} rows: {before:.4f} s -> {after:.4f} s ({times})")
        lines.append(
            f"outputs equal to {self.deviation:.1e} of their scale on {self.rows} rows (<= {self.tolerance:g})"
        )
        return "\n".join(lines)


def _pair(what: str, before: int, after: int) -> str:
    share = f" ({100 * after / before:.1f} %)" if before else ""
    return f"{what}: {before} -> {after}{share}"
