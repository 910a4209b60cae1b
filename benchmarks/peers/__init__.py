"""Adapters: how each peer differentiates the cases. A peer that is not installed is left out."""
