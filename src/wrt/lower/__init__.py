"""From graphs to programs: readable NumPy source, which is also the fast path for small and medium problems."""
