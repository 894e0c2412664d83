"""The command ``shrinkwise``: fit, predict, show, report.

What a person reads goes to stderr, data go to stdout. Exit codes: 0 done, 1 a fit is not certified, 2 wrong usage,
3 a file or its data cannot be used.
"""

from shrinkwise.cli.main import main

__all__ = ["main"]
