"""Structured linear maps: sums of terms that are never made dense before somebody asks for it."""
