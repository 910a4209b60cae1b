"""The operations: importing this package completes the catalogue."""

from wrt.ops import elementwise, nest

__all__ = ["elementwise", "nest"]
