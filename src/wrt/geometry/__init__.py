"""What a Jacobian means: how much a map scales areas and volumes, which way round, and where it folds.

Maps are NumPy functions of a point, functions of its coordinates, or text such as "r*cos(t), r*sin(t)". All numbers come from
wrt's exact Jacobians.
"""

from wrt.geometry.basis import Transformation, basis_change, volume
from wrt.geometry.ellipse import Ellipse
from wrt.geometry.field import ScalingField, scaling_field
from wrt.geometry.fold import Folds, folds
from wrt.geometry.local import LocalMap, local_map

__all__ = ["Ellipse", "Folds", "LocalMap", "ScalingField", "Transformation", "basis_change", "folds", "local_map", "scaling_field", "volume"]
