"""What holds for all tests: JAX in float64 on the CPU, Hypothesis profiles, one reproducible generator a test."""

import os
import zlib

# Before anything imports jax or matplotlib: both read their settings once, at import.
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "Agg")
# Compiled programs of the tests stay in the checkout, not among the user's own.
os.environ.setdefault("WRT_CACHE", os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".pytest_cache", "wrt"))

import hypothesis
import numpy as np
import pytest

PROFILE = os.environ.get("WRT_PROFILE", "fast")

# fast: the same examples every time, so that a red run is the change's doing; thorough: new examples every time.
hypothesis.settings.register_profile("fast", max_examples=25, deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("thorough", max_examples=1000, deadline=None, print_blob=True)
hypothesis.settings.load_profile(PROFILE)


def pytest_collection_modifyitems(config, items):
    """Tests marked `thorough` take part only in the thorough profile; they are counted as deselected, not as skipped."""
    if PROFILE == "thorough":
        return
    later = [item for item in items if item.get_closest_marker("thorough")]
    if later:
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if item not in later]


@pytest.fixture
def rng(request):
    """A generator seeded by the test's own name: other tests, their order and xdist do not change its numbers."""
    return np.random.default_rng(zlib.crc32(request.node.nodeid.encode()))
