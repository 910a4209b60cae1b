"""wrt ("with respect to"): exact Jacobians of plain NumPy functions, as formula, as code and as numbers."""
