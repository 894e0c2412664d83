"""Model files: everything that a fit found out, in one zip that cannot execute anything."""

from shrinkwise.store.model_file import Model, load_model, save_model

__all__ = ["Model", "load_model", "save_model"]
