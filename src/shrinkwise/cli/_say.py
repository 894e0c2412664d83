"""Lines for a person, on stderr."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

PIPE = 1000  # columns
SPACES = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"  # of these only the first is "printable" in Python's sense


def visible(text: str) -> str:
    """The text with control, bidirectional and other invisible characters escaped: none reaches the terminal."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in SPACES else char.encode("unicode_escape").decode("ascii") for char in text
    )


def one_line(text: str) -> str:
    """The text without line breaks; other control characters are escaped."""
    return visible(" ".join(text.replace("\n", " ").split(" "))).strip()


def say(text: str) -> None:
    """Write a paragraph to stderr; on a terminal it is wrapped between words."""
    line = one_line(text)
    if sys.stderr.isatty():
        import textwrap

        width = max(40, shutil.get_terminal_size().columns)
        line = textwrap.fill(line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    sys.stderr.write(f"{line}\n")


class Voice:
    """`say`, unless the person wants it quiet."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet

    def __call__(self, *lines: str) -> None:
        for line in lines:
            if not self.quiet:
                say(line)

    @property
    def on_terminal(self) -> bool:
        """Whether something that moves may be drawn."""
        return not self.quiet and sys.stderr.isatty()


def console(*, stderr: bool) -> Console:
    """A rich console; where no terminal gives it a width, sentences are not wrapped."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr) if stream.isatty() else Console(stderr=stderr, width=PIPE)
