"""The representation: nodes of array operations, sizes, indices, and products of indexed factors."""
