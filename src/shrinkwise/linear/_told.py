"""What the estimators that search tell of what they found: a page, a text, data frames."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

from sklearn.utils.validation import check_is_fitted

from shrinkwise.diagnosis import overfit_verdict
from shrinkwise.report import ReportInput, summary_of, write_page
from shrinkwise.report.frames import BACKENDS, tidy


class Told:
    """Methods of an estimator with a ``result_`` and a ``rule``."""

    _libraries: ClassVar[tuple[str, ...]] = ("shrinkwise", "numpy", "scipy", "numba", "scikit-learn")
    rule: str
    result_: Any

    def report(self, path: str | PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the report of the search: one HTML page that needs nothing else.

        Parameters
        ----------
        path : str or path
        overwrite : bool, default False
            Replace a file that exists.

        Returns
        -------
        Path

        Raises
        ------
        UsageError
            If the file exists and ``overwrite`` is False, or cannot be written.
        """
        write_page(path, self._report_input(), overwrite=overwrite)
        return Path(path)

    def summary(self, width: int = 100) -> str:
        """The short answer as the terminal has it: the four answers, the small table, the features.

        Parameters
        ----------
        width : int, default 100
            Columns.

        Returns
        -------
        str
        """
        return summary_of(self._report_input(), width)

    def tidy(self, what: str = "coefficients", backend: str | None = None) -> Any:
        """A data frame of the library that X came in, see `GridResult.tidy`.

        Parameters
        ----------
        what : {"coefficients", "grid", "table"}
        backend : {"pandas", "polars", "pyarrow"}, optional
            Default: that of the X of the fit; where that was no frame, the first of these that is installed.

        Returns
        -------
        DataFrame of that library
        """
        check_is_fitted(self)
        came = getattr(self, "_frame_", None)
        return tidy(self.result_, what, came if backend is None and came in BACKENDS else backend, self.rule)

    def _report_input(self) -> ReportInput:
        check_is_fitted(self)
        result = self.result_
        gap = getattr(self, "gap_", None)
        return ReportInput(
            title=type(self).__name__,
            result=result,
            rule=self.rule,
            verdict=overfit_verdict(result, self.rule),
            task=self._task(),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            versions={name: version(name) for name in self._libraries},
            certificate={} if gap is None else {"final_gap": gap},
            seed=getattr(self, "random_state", None),
            decision=getattr(self, "decision_", None),
        )

    def _task(self) -> str:
        if self.result_.loss.startswith("cox"):
            return "survival"
        return "regression" if self.result_.classes is None else "classification"
