"""The exceptions and warnings of shrinkwise.

ShrinkwiseError
├── DataError          the data cannot be used as they are (also a ValueError)
├── UsageError         a parameter or option is out of its range (also a ValueError)
└── ModelFileError     a model file cannot be read or written (also a ValueError)
ConvergenceWarning     a fit did not reach its tolerance; the message has the numbers
DataWarning            the data can be used, but a person should look at them
"""


class ShrinkwiseError(Exception):
    """Base of every error that shrinkwise raises on purpose."""


class DataError(ShrinkwiseError, ValueError):
    """The data cannot be used as they are."""


class UsageError(ShrinkwiseError, ValueError):
    """A parameter or an option is out of its range."""


class ModelFileError(ShrinkwiseError, ValueError):
    """A model file cannot be read or written."""


class ConvergenceWarning(UserWarning):
    """A fit did not reach its tolerance."""


class DataWarning(UserWarning):
    """The data can be used, but a person should look at them."""


class PenaltyWarning(UserWarning):
    """A penalty of a network does something else than its name says."""
