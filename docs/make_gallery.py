"""Writes docs/gallery.md: runs every example, saves its picture in docs/pictures, and prints what the picture says in words.

    python docs/make_gallery.py
"""

import os

HERE = os.path.dirname(os.path.abspath(__file__))
START = "import numpy as np, wrt\nfrom scipy import stats\n"

# (file name, title, code whose last line is the picture)
EXAMPLES = (
    ("shapes_table", "Shapes of derivatives", "wrt.plot.shapes()"),
    ("shapes", "The shape of one derivative", 'wrt.plot.shapes("sum((y - Phi @ theta)**2)", wrt="theta", shapes={"Phi": "N D"})'),
    ("collate", "A matrix by a vector: collating beside flattening", "wrt.plot.collate()"),
    ("chain", "The chain rule", 'wrt.plot.chain("sum((y - Phi @ theta)**2)", wrt="theta", shapes={"Phi": "N D"})'),
    ("linear", "A linear map", "wrt.plot.linear(wrt.geometry.basis_change([(1, 0), (0, 1)], [(-2, 1), (1, 1)]))"),
    ("polar", "A map of the plane: polar coordinates", 'wrt.plot.map("r*cos(t), r*sin(t)", ((0, 2), (0, 3)), at=(1.5, 1.0))'),
    ("folds", "A map that folds", 'wrt.plot.map("x**2 - y**2 + x, 2*x*y - y", ((-1, 1), (-1, 1)))'),
    ("spy", "Where a Jacobian is not zero", "J = wrt.jacobian(lambda x: x[1:] - x[:-1]**2)\nJ.sparse(np.ones(30))\nwrt.plot.spy(J.pattern)"),
    ("limits", "A derivative as it becomes one", 'wrt.plot.limits("sin(x)", 1.0)'),
    ("kink", "A kink", 'wrt.plot.limits("maximum(x, 0) + exp(x)", 0.0)'),
    ("tangent", "A vertical tangent", "wrt.plot.limits(np.cbrt, 0.0)"),
    ("lognormal", "A density: the logarithm is normal", "wrt.plot.density(wrt.probability.transform(stats.norm(), np.exp))"),
    ("chi2", "A density with two branches", "wrt.plot.density(wrt.probability.transform(stats.norm(), lambda x: x**2))"),
    (
        "affine",
        "A density in the plane",
        "A = np.array([[2.0, 0.5], [0.3, 1.0]])\nX = stats.multivariate_normal([0, 0])\nwrt.plot.density(wrt.probability.transform(X, lambda x: A @ x + 1))",
    ),
    (
        "box_muller",
        "Box and Muller's normal numbers",
        """\
def normal(u):
    r = np.sqrt(-2 * np.log(u[0]))
    return np.array([r * np.cos(2 * np.pi * u[1]), r * np.sin(2 * np.pi * u[1])])

wrt.plot.density(wrt.probability.transform([stats.uniform(), stats.uniform()], normal))""",
    ),
)

PAGE = """# Gallery

Written by `docs/make_gallery.py`, which runs every example. Below each picture is its text alternative, `picture.alt`; it is in the files too.
Pictures are saved with `picture.save("name.svg")` (or .png, .pdf), and the terminal draws them with `wrt plot --help`.

```python
{start}```
"""
ENTRY = """
## {title}

```python
{code}
```

![{title}](pictures/{name}.svg)

{alt}
"""


def drawn(code):
    """The picture that the last line of the code is."""
    *before, last = (START + code).split("\n")
    names = {}
    exec("\n".join(before), names)  # noqa: S102  # the examples above
    return eval(last, names)  # noqa: S307


def entry(name, title, code, picture):
    """One example as Markdown."""
    alt = "\n".join(f"> {line}  " for line in picture.alt.split("\n"))
    return ENTRY.format(title=title, code=code, name=name, alt=alt)


def main():
    os.makedirs(os.path.join(HERE, "pictures"), exist_ok=True)
    text = PAGE.format(start=START)
    for name, title, code in EXAMPLES:
        picture = drawn(code)
        picture.save(os.path.join(HERE, "pictures", f"{name}.svg"))
        text += entry(name, title, code, picture)
    with open(os.path.join(HERE, "gallery.md"), "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()
