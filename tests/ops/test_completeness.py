"""Nothing public in NumPy is left undeclared: a function has a rule, is constant, is refused with a reason, or reads no values."""

import inspect
import string

import numpy as np
import pytest

import wrt.ops  # noqa: F401  # completes the catalogue
from ops.judge import name_of
from wrt.ops.catalog import CASES, CONSTANT, FUNCTIONS, NO_RULE, OPERATIONS

# Made from numbers or shapes; what the tracer records when an input of the program is among them is its own affair.
CREATORS = """
    arange array asanyarray asarray asarray_chkfinite ascontiguousarray asfortranarray astype bartlett blackman empty eye full geomspace
    hamming hanning identity indices kaiser linspace logspace ones require tri zeros
    diag_indices diag_indices_from ix_ mask_indices tril_indices tril_indices_from triu_indices triu_indices_from
"""
# Assignments by another name: the tracer's, as x[key] = value is.
WRITES = "copyto fill_diagonal place put put_along_axis putmask"
# Questions that the shape and the dtype answer.
ASKS = """
    broadcast_shapes can_cast common_type einsum_path iscomplexobj isdtype isfortran isrealobj isscalar issubdtype iterable
    may_share_memory min_scalar_type mintypecode ndim promote_types result_type shape shares_memory size typename
"""
# Files, printing, settings, dates: no arrays of numbers in and out.
UTILITIES = """
    array2string array_repr array_str base_repr binary_repr busday_count busday_offset datetime_as_string datetime_data
    format_float_positional format_float_scientific from_dlpack frombuffer fromfile fromfunction fromiter fromregex fromstring
    genfromtxt get_include get_printoptions getbufsize geterr geterrcall info is_busday load loadtxt nested_iters printoptions
    save savetxt savez savez_compressed set_printoptions setbufsize seterr seterrcall show_config show_runtime test
"""
DEPRECATED = "row_stack in1d trapz"
LISTED = {name for names in (CREATORS, WRITES, ASKS, UTILITIES, DEPRECATED) for name in names.split()}


def public(module):
    names = (name for name in dir(module) if not name.startswith("_"))
    functions = {name: getattr(module, name) for name in names}
    return {name: function for name, function in functions.items() if callable(function) and not isinstance(function, type)}


def declared(function):
    return [table for table in (FUNCTIONS, CONSTANT, NO_RULE) if function in table]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("module", [np, np.linalg], ids=["numpy", "numpy.linalg"])
def test_everything_is_declared(module):
    undeclared = [name for name, function in public(module).items() if name not in LISTED and not declared(function)]
    assert not undeclared, f"neither a rule, nor constant, nor refused: {' '.join(undeclared)}"


@pytest.mark.filterwarnings("ignore")
def test_lists_hold_nothing_that_is_declared_or_gone():
    functions = {**public(np), **public(np.linalg)}
    assert not [name for name in LISTED - set(DEPRECATED.split()) if name not in functions or declared(functions[name])]


def test_one_declaration_each():
    assert not [name_of(key) for key in {*FUNCTIONS, *CONSTANT, *NO_RULE} if len(declared(key)) != 1]


@pytest.mark.parametrize("key", [pytest.param(key, id=name_of(key)) for key in FUNCTIONS])
def test_function_with_nodes_has_cases(key):
    """All but those whose value is not a float: comparisons, roundings, positions."""
    if not CASES[key]:
        assert key in WITHOUT_SLOPE | TESTED_APART, "a function with a derivative needs sample cases"


# Nested lists, functions and sizes that follow the data: in test_rearrangement.py and test_selection.py.
TESTED_APART = {np.block, np.extract, np.partition, np.piecewise}
WITHOUT_SLOPE = {
    *(np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal),
    *(np.logical_and, np.logical_or, np.logical_xor, np.logical_not),
    *(np.sign, np.floor, np.ceil, np.trunc, np.rint, np.isnan, np.isinf, np.isfinite, np.signbit, np.floor_divide, np.imag),
    *(np.argsort, np.searchsorted),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_has_code_and_notation(name):
    operation = OPERATIONS[name]
    assert operation.code, "no NumPy text"
    if name in ("nest", "size"):
        return
    assert operation.text, "no notation as text"
    assert operation.latex, "no notation in LaTeX"
    for template in (operation.text, operation.latex):
        fields = [field for _, field, _, _ in string.Formatter().parse(template) if field is not None]
        assert all(field.isdigit() for field in fields), template


def test_refusals_say_why_and_what_instead():
    assert not [refused.name for refused in NO_RULE.values() if not refused.why.endswith(".") or not refused.advice.endswith(".")]


def test_builders_take_the_functions_own_parameters():
    """What a user may write by keyword has the same name in the builder (where NumPy tells its signature)."""
    strange = []
    for key, builder in FUNCTIONS.items():
        try:
            theirs = inspect.signature(key).parameters if not isinstance(key, str) else None
        except ValueError:
            continue
        if theirs is None or any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in theirs.values()):
            continue
        strange += [f"{name_of(key)}: {name}" for name in inspect.signature(builder).parameters if name not in theirs]
    assert not strange, "\n".join(strange)
