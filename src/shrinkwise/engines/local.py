"""Threads of this process."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController

from shrinkwise.engines.base import Engine, Item, Sum

Result = TypeVar("Result")


class Stopped(RuntimeError):
    """The main thread was interrupted: workers end at their next checkpoint."""


class LocalEngine(Engine):
    """A pool of threads with BLAS held to one thread each.

    Work is cut into pieces whose number does not depend on the machine, each piece is computed by single-threaded
    BLAS and results are used in their order: so the bits do not depend on how many threads there are. Ctrl-C drops
    what has not begun; what runs ends at its next :meth:`checkpoint`.
    """

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or len(os.sched_getaffinity(0))
        self._stop = threading.Event()
        self._pool: ThreadPoolExecutor | None = None  # its threads end with the engine

    def within(self) -> LocalEngine:
        """The engine of a piece of work that is in one of these threads already."""
        inner = LocalEngine(1)
        inner._stop = self._stop
        return inner

    def checkpoint(self) -> None:
        """Raise :class:`Stopped` when the main thread has been interrupted."""
        if self._stop.is_set():
            raise Stopped("interrupted")

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """``function(item)`` for each item, in order; at most a few results wait in memory."""
        if self.workers == 1:
            yield from map(function, items)
            return
        self._stop.clear()
        waiting: deque[Future[Result]] = deque()
        try:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.workers)
            for item in items:
                waiting.append(self._pool.submit(function, item))
                if len(waiting) > 2 * self.workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            self._stop.set()
            pool, self._pool = self._pool, None  # an interrupt within submit may have left it without some threads
            if pool is not None:
                pool.shutdown(wait=True, cancel_futures=True)
            raise

    def sum(self, function: Callable[[Item], Sum], chunks: Iterable[Item]) -> Sum:
        total: Sum | None = None
        for part in self.map(function, chunks):
            total = part if total is None else total + part
        if total is None:
            raise ValueError("sum of no chunks")
        return total


_lock = threading.Lock()
_users = 0
_limits: Any = None


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold BLAS to one thread while any fit of this process runs; the first to enter sets it, the last restores it."""
    global _users, _limits
    with _lock:
        if _users == 0:
            _let_any_thread_set_limits()
            _limits = _controller().limit(limits=1, user_api="blas")
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _let_any_thread_set_limits()
                _limits.restore_original_limits()
                _let_any_thread_set_limits()


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def _let_any_thread_set_limits() -> None:
    """threadpoolctl 3.8 silently ignores all threads but the first that set a limit, until that one lets go."""
    for library in _controller().lib_controllers:
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread(force=True)
