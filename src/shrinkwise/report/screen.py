"""A console for text whose parts come from data: names can neither style it nor move the cursor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from shrinkwise.report.text import ELLIPSIS, shorten, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

NAME = 32  # columns of a name at most
PLAIN = str.maketrans(
    {"±": "+/-", "−": "-", "×": "x", "–": "-", "∞": "inf", "·": "-", "…": "...", "λ": "lambda", "\u202f": " "}
)


@dataclass(frozen=True)
class Screen:
    """A console that is given text only, never markup; rich is imported when the first word is printed."""

    console: Console
    plain: bool
    encoding: str

    @classmethod
    def on(cls, console: Console) -> Self:
        """Of a console; where it is no terminal, or NO_COLOR is set, all but what comes from the data is ASCII."""
        plain = not console.is_terminal or console.no_color or console.is_dumb_terminal
        return cls(console, plain, console.encoding or "utf-8")

    def safe(self, words: str) -> str:
        """Without control characters, and writable in the console's encoding."""
        return visible(words).encode(self.encoding, "backslashreplace").decode(self.encoding)

    def text(self, words: str, style: str = "") -> Text:
        from rich.text import Text

        return Text(self.safe(words.translate(PLAIN) if self.plain else words), style="" if self.plain else style)

    def name(self, name: str, limit: int = NAME) -> Text:
        from rich.text import Text

        return Text(shorten(self.safe(name), limit, "..." if self.plain else ELLIPSIS))

    def line(self, words: str = "", style: str = "") -> None:
        self.console.print(self.text(words, style), highlight=False)

    def answer(self, question: str, sentence: str, next_step: str) -> None:
        """A paragraph: the question, the answer, what to do next."""
        parts = (self.text(question, "bold"), self.text(f" {sentence} "), self.text(next_step, "italic cyan"))
        self.console.print(self.text("").join(parts), highlight=False)

    def facts(self, rows: Iterable[tuple[str, str]], width: int) -> None:
        """Labels, so wide, and words beside them: wrapped on a terminal, elsewhere a line each."""
        from rich.table import Table

        if not self.console.is_terminal:
            for label, words in rows:
                self.console.print(self.text(f"{label:<{width}}  {words}"), highlight=False, soft_wrap=True)
            return
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=width, no_wrap=True, overflow="crop")
        grid.add_column(overflow="fold")
        for label, words in rows:
            grid.add_row(self.text(label, "dim"), self.text(words))
        self.console.print(grid, highlight=False)

    def table(self, *heads: str | Text) -> Table:
        from rich.table import Table

        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="" if self.plain else "dim")
        for rank, head in enumerate(heads):
            text = self.text(head) if isinstance(head, str) else head
            table.add_column(text, justify="right" if rank else "left", no_wrap=True, overflow="crop")
        return table
