"""Differentiation: local Jacobians composed and added along the graph, in a good order."""
