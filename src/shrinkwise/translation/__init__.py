"""Penalties in the words of other packages, and back."""

from shrinkwise.translation.convert import from_glmnet, from_keras, translate
from shrinkwise.translation.problem import Translation

__all__ = ["Translation", "from_glmnet", "from_keras", "translate"]
