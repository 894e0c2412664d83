"""Whether an engine keeps its contract."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from shrinkwise.engines import Engine
from shrinkwise.testing._require import require

CHUNKS = 40
MANY = 100_000  # chunks that nobody should compute after the first has failed


def check_engine(engine: Engine) -> None:
    """Check that an engine adds up in order, and lets errors and interrupts through.

    Parameters
    ----------
    engine : Engine
        With any number of workers; call the check once for each number.

    Raises
    ------
    AssertionError
        With a sentence, at the first promise that is broken.

    Notes
    -----
    The sum must have the same bits as a loop over the chunks, whichever chunk is ready first; an exception of the
    function or of the chunks arrives as it was raised, and so does KeyboardInterrupt, and the chunks that had not begun
    are dropped; the engine can be used again afterwards.

    Examples
    --------
    >>> from shrinkwise.engines import LocalEngine
    >>> check_engine(LocalEngine(2))
    """
    name = type(engine).__name__
    _check_order(engine, name)
    _check_bits(engine, name)
    for error in (ValueError("chunk 3 is bad"), KeyboardInterrupt("Ctrl-C")):
        _check_failure(engine, f"{name}.sum with a function that fails", error, _failing(error))
        _check_failure(engine, f"{name}.sum with chunks that fail", error, _plain, _broken(error))
        _check_order(engine, f"{name}, used again after {type(error).__name__},")
    _check_empty(engine, name)


def _check_order(engine: Engine, name: str) -> None:
    def late_first(chunk: int) -> str:
        time.sleep(0.002 * (chunk % 3 == 0))
        return f"{chunk} "

    total = engine.sum(late_first, iter(range(CHUNKS)))
    expected = "".join(f"{chunk} " for chunk in range(CHUNKS))
    require(total == expected, f"{name} adds up in the order {total!r}: keep the order of the chunks")


def _check_bits(engine: Engine, name: str) -> None:
    rng = np.random.default_rng(0)
    chunks = [rng.standard_normal(5) * 10.0 ** rng.integers(-8, 8) for _ in range(CHUNKS)]
    total, loop = engine.sum(np.square, chunks), reduce(add, map(np.square, chunks))
    require(np.array_equal(total, loop), f"{name}.sum is {total}, the loop over the chunks {loop}: bits differ")
    again = engine.sum(np.square, chunks)
    require(np.array_equal(total, again), f"{name}.sum changes from {total} to {again} when it is repeated")


def _plain(chunk: int) -> int:
    return chunk


def _failing(error: BaseException) -> Callable[[int], int]:
    def function(chunk: int) -> int:
        if chunk == 3:
            raise error
        return chunk

    return function


def _broken(error: BaseException) -> Iterator[int]:
    yield from range(3)
    raise error


def _check_failure(
    engine: Engine, what: str, error: BaseException, function: Callable[[int], int], chunks: Any = None
) -> None:
    begun = []

    def counted(chunk: int) -> int:
        begun.append(chunk)
        return function(chunk)

    try:
        engine.sum(counted, range(MANY) if chunks is None else chunks)
    except type(error) as caught:
        require(str(error) in str(caught), f"{what}: the message became {caught!r}, expected {error!r}")
    else:
        raise AssertionError(f"{what}: {error!r} was swallowed")
    require(len(begun) < MANY // 2, f"{what}: {len(begun)} chunks were computed after one had failed")


def _check_empty(engine: Engine, name: str) -> None:
    nothing: list[int] = []
    try:
        total = engine.sum(_plain, nothing)
    except ValueError as error:
        require(str(error), f"{name}.sum of no chunks raises ValueError without a sentence")
    else:
        raise AssertionError(
            f"{name}.sum of no chunks is {total!r}: it must raise ValueError, since nothing tells its shape"
        )
