"""Worked examples on real data, shipped with wrt so that anyone can run them."""
