"""Progress of a training: what is done of it, and the time that is left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Clock:
    """Counts units of work and tells a caller.

    Parameters
    ----------
    progress : callable or None
        ``progress(done, total, seconds_left)``.
    total : int
    """

    def __init__(self, progress: Callable[[int, int, float], object] | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0
        self.began = time.monotonic()
        self.lock = threading.Lock()
        self.stopped = False

    def tick(self, units: int = 1) -> None:
        """Count units that are done; one thread at a time. After `stop` this ends the thread that calls it."""
        if self.stopped:
            raise InterruptedError
        with self.lock:
            self.done += units
            if self.progress is not None and units:
                left = (time.monotonic() - self.began) / self.done * (self.total - self.done)
                self.progress(self.done, self.total, left)

    def stop(self) -> None:
        """End what is under way at its next tick."""
        self.stopped = True
