"""Ctrl-C and termination as an exception, which waits where files are put in their place."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE = 1.0  # seconds


class Stop(BaseException):
    """The process was asked to end.

    Parameters
    ----------
    signum : int
    words : str
        What became of the files.
    """

    def __init__(self, signum: int = signal.SIGINT, words: str = "nothing was written") -> None:
        super().__init__(f"interrupted; {words}")
        self.signum = signum
        self.code = 128 + signum


@contextmanager
def stop_by_exception() -> Iterator[None]:
    """Within, a signal raises `Stop`; an error that comes after a signal is its consequence, and becomes `Stop` too."""
    seen: list[int] = []
    until = 0.0

    def stop(signum: int, frame: FrameType | None) -> None:
        nonlocal until
        if time.monotonic() < until:  # an impatient second one must not break into the cleaning up
            return
        until = time.monotonic() + PATIENCE
        seen.append(signum)
        raise Stop(signum)

    with _handled(stop):
        try:
            yield
        except Stop:
            raise
        except BaseException as error:
            if seen:
                raise Stop(seen[0]) from error
            raise


@contextmanager
def signals_wait() -> Iterator[None]:
    """Within, signals wait; they are delivered at the end."""
    seen: list[int] = []
    with _handled(lambda signum, frame: seen.append(signum)):
        yield
    if seen:
        signal.raise_signal(signal.Signals(seen[0]))


@contextmanager
def _handled(handler: signal._HANDLER) -> Iterator[None]:
    """Install a handler where there is one to replace: Python lets only the main thread do that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {signum: signal.getsignal(signum) for signum in SIGNALS}
    for signum, old in before.items():
        if old is not signal.SIG_IGN:  # a background job that was told to ignore it
            signal.signal(signum, handler)
    try:
        yield
    finally:
        for signum, old in before.items():
            signal.signal(signum, old if old is not None else signal.SIG_DFL)
