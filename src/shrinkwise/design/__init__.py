"""How X is stored, centered and scaled. A design never sees y."""

from shrinkwise.design.base import Design
from shrinkwise.design.build import as_design
from shrinkwise.design.dense import DenseDesign
from shrinkwise.design.sparse import SparseDesign

__all__ = ["DenseDesign", "Design", "SparseDesign", "as_design"]
