"""The gallery is what its script writes, and the pages show only pictures that exist. (The blocks of seen.md run as doctests.)"""

import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
_SPEC = importlib.util.spec_from_file_location("make_gallery", DOCS / "make_gallery.py")
NUMBER = r"−?\d+(?:\.\d+)?(?:e−?\d+)?"
gallery = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(gallery)


@pytest.mark.slow
@pytest.mark.parametrize("name, title, code", gallery.EXAMPLES, ids=[name for name, _, _ in gallery.EXAMPLES])
def test_every_example_runs_and_the_page_shows_it(name, title, code, tmp_path):
    picture = gallery.drawn(code)
    picture.save(tmp_path / "picture.png", dpi=30)
    assert (tmp_path / "picture.png").stat().st_size > 1000
    page = (DOCS / "gallery.md").read_text(encoding="utf-8")
    shown = page.split(f"\n## {title}\n")[1].split("\n## ")[0]
    assert code in shown
    words = shown.split(".svg)\n")[1]
    said = "\n".join(line.removeprefix("> ").rstrip() for line in words.strip().split("\n"))
    drawn = "\n".join(line.rstrip() for line in picture.alt.split("\n"))
    assert re.sub(NUMBER, "#", said) == re.sub(NUMBER, "#", drawn)
    # Samples and rounding differ a little from one NumPy to the next.
    assert numbers(said) == pytest.approx(numbers(drawn), rel=1e-2, abs=1e-6)


def numbers(text):
    return [float(number.replace("−", "-")) for number in re.findall(NUMBER, text)]


@pytest.mark.parametrize("page", ["gallery.md", "seen.md"])
def test_pictures_exist(page):
    shown = re.findall(r"\]\((pictures/[^)]+)\)", (DOCS / page).read_text(encoding="utf-8"))
    assert shown
    assert [path for path in shown if not (DOCS / path).is_file()] == []


def test_no_picture_is_left_over():
    made = {f"{name}.svg" for name, _, _ in gallery.EXAMPLES}
    assert {path.name for path in (DOCS / "pictures").iterdir()} == made
