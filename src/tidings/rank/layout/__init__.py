"""A layout: papers on a plane, like beside like. Pure functions of arrays."""

from tidings.rank.layout.descent import lay_out
from tidings.rank.layout.placing import placed
from tidings.rank.layout.start import beginning

__all__ = ["beginning", "lay_out", "placed"]
