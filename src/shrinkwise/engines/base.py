"""What an engine has to do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Protocol, Self, TypeVar


class Additive(Protocol):
    """Anything that can be summed."""

    def __add__(self, other: Any) -> Self: ...


Item = TypeVar("Item")
Sum = TypeVar("Sum", bound=Additive)


class Engine(ABC):
    """Computes a function on chunks somewhere: in threads, on a cluster."""

    @abstractmethod
    def sum(self, function: Callable[[Item], Sum], chunks: Iterable[Item]) -> Sum:
        """Σ function(chunk), added in the order of the chunks: the same bits for any number of workers."""
