"""The judge knows nothing of what it judges."""

import os
import subprocess
import sys
from pathlib import Path

import wrt.errors


def test_numeric_loads_numpy_and_errors_only():
    code = (
        "import sys; before = set(sys.modules); import numpy; import wrt.errors; base = set(sys.modules); import wrt.numeric; "
        "print(sorted(m for m in set(sys.modules) - base if not m.startswith('wrt.numeric')"
        " and m.split('.')[0] in {'wrt', 'scipy', 'numba', 'jax'}))"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(wrt.errors.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"
