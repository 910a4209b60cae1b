"""What `import wrt` costs: NumPy and nothing else, seen from a fresh interpreter."""

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src"
HEAVY = {"scipy", "numba", "llvmlite", "jax", "matplotlib", "rich", "typer", "sympy", "opt_einsum", "hypothesis"}
PROGRAM = """
import json, sys
before = set(sys.modules)  # an environment may load some at start-up
import wrt
assert wrt.__file__, "a folder without __init__.py was imported"
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
"""


def loaded(source: Path) -> set[str]:
    """Third-party packages that `import wrt` loads when wrt lies in the folder `source`."""
    environment = {**os.environ, "PYTHONPATH": str(source)}
    run = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout)) & (set(importlib.metadata.packages_distributions()) | HEAVY) - {"wrt"}


def test_import_loads_numpy_only():
    assert loaded(SOURCE) <= {"numpy"}


def test_meta(tmp_path):
    """A planted import is seen, so the test above can fail."""
    planted = tmp_path / "wrt" / "__init__.py"
    planted.parent.mkdir()
    planted.write_text("import scipy\n", encoding="utf-8")
    assert "scipy" in loaded(tmp_path)
