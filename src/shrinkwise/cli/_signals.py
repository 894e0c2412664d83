"""Ctrl-C and termination as an exception, which waits where files are put in their place."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE = 1.0  # seconds
GRACE = 0.3  # seconds for threads to come back to Python
OVER = b"\0"  # no signal has this number


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
def busy() -> Iterator[None]:
    """Within, where nothing is being written, a signal ends the process soon, even in the middle of a long product.

    Python calls its handler between two steps of the main thread only, and a pool waits for its threads. So the
    interpreter is asked to send each signal down a pipe at once, and a thread of its own listens there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    listening, speaking = os.pipe()
    os.set_blocking(speaking, False)
    before = signal.set_wakeup_fd(speaking, warn_on_full_buffer=False)
    listener = threading.Thread(target=_listen, args=(listening,), daemon=True)
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.write(speaking, OVER)
        listener.join()
        os.close(speaking)
        os.close(listening)


def _listen(pipe: int) -> None:
    """End the process `GRACE` after the first signal, unless it is over before."""
    ours = {signum for signum in SIGNALS if callable(signal.getsignal(signum))}
    while (heard := os.read(pipe, 1)) != OVER:
        if heard[0] in ours:
            until = time.monotonic() + GRACE
            while (left := until - time.monotonic()) > 0:
                if select.select([pipe], [], [], left)[0] and os.read(pipe, 1) == OVER:
                    return
            _end(heard[0])


def _end(signum: int) -> None:
    """Say so and end, whatever other threads do; a progress bar is wiped away and its cursor given back."""
    tidy = "\r\x1b[2K\x1b[?25h" if sys.stderr.isatty() else ""
    sys.stderr.write(f"{tidy}{Stop(signum)}\n")
    sys.stderr.flush()
    os._exit(Stop(signum).code)


@contextmanager
def signals_wait() -> Iterator[None]:
    """Within, signals wait; they are delivered at the end."""
    seen: list[int] = []
    with _handled(lambda signum, frame: seen.append(signum)):
        yield
    if seen:
        signal.raise_signal(signal.Signals(seen[0]))


@contextmanager
def system_signals() -> Iterator[None]:
    """Within, where nothing is being written, a signal ends the process as the system does it: at once, without words.

    For a call that holds the interpreter for seconds, so that no thread of Python's hears of the signal.
    """
    with _handled(signal.SIG_DFL):
        yield


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
