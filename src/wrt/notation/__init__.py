"""Notation: formulas, LaTeX, index form, einsum lines and derivations, made from graphs and never the other way round."""
