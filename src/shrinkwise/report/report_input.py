"""All that a report reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from shrinkwise.diagnosis.overfit import Verdict
from shrinkwise.result import GridResult, Selection


@dataclass(frozen=True, eq=False)
class ReportInput:
    """What the page and the terminal show.

    Parameters
    ----------
    title : str
    result : GridResult
    rule : str
        The rule that chose the model.
    verdict : Verdict
    notes : tuple of str
        What was seen in the data and done about it, a sentence each.
    target, task, source, created, command : str
        Name of the target; ``"regression"`` or ``"classification"``; the file; UTC ISO 8601; the command line.
    versions : dict of str to str
    certificate : dict
        ``max_gap, tol, n_fits, n_certified, final_gap, certified``; what is missing is read from the result.
    seed : int or None, default None
    """

    title: str
    result: GridResult
    rule: str
    verdict: Verdict
    notes: tuple[str, ...] = ()
    target: str = ""
    task: str = ""
    source: str = ""
    created: str = ""
    command: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    certificate: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None

    @cached_property
    def chosen(self) -> Selection:
        """The cell that the rule picks."""
        return self.result.select(self.rule)

    @cached_property
    def lowest(self) -> Selection:
        """The cell with the lowest cross-validated error."""
        return self.result.select("min")
