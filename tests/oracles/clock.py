"""A limit of time, so that an endless loop fails a test and does not stop the suite."""

import signal
from contextlib import contextmanager


@contextmanager
def within(seconds):
    """Raise TimeoutError in the main thread after that time."""

    def stop(*_):
        raise TimeoutError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
