"""The bar that moves while models are fitted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tell = Callable[[int, int], None]


@contextmanager
def progress_bar(shown: bool, words: str, starting: str) -> Iterator[Tell | None]:
    """A bar on the terminal that leaves nothing behind; it moves as (fits done, fits in all) are told.

    ``words`` say what is done, with a place for the number of all; ``starting`` why the start may take a while.
    """
    if not shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if console.is_dumb_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as bar:
        task = bar.add_task(f"starting ({starting})", total=None)

        def tell(done: int, total: int) -> None:
            bar.update(task, description=words.format(total), completed=done, total=total)

        yield tell


@contextmanager
def steps(shown: bool) -> Iterator[Callable[[str], None] | None]:
    """A line on the terminal that names what is being found out, and leaves nothing behind."""
    if not shown:
        yield None
        return
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_dumb_terminal:
        yield None
        return
    with console.status("looking closer") as status:
        yield lambda words: status.update(f"looking closer: {words}")
