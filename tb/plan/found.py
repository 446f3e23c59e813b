"""What there is in the testbenches to plan with: tests and coverpoints, found by reading the sources.

Nothing is imported or built: tests come from Python's syntax trees, coverpoints from the checkers' text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tb.cover_labels import cover_labels
from tb.coverage.bins import BINS_PREFIX
from tb.coverage.crosses import CROSSES
from tb.plan.bins import BINS, Bins
from tb.toolchain import REPO_ROOT

CASES = "_cases.py"
TEST_FILES = ("test_*.py", f"*{CASES}")
"""Files of tests: pytest's, and the cases that a test runs inside the simulator."""

CASES_MODULE = re.compile(r"tb(\.\w+)+_cases")

Function = ast.FunctionDef | ast.AsyncFunctionDef

CHECKER = "_checks"


@dataclass(frozen=True)
class Found:
    """Tests and coverpoints of a tree of sources.

    Attributes
    ----------
    tests
        Names of the parameters that a test is given classes of stimulus by, under the test's node id
        (``tb/pe/test_pe.py::test_cancellation``).
    points
        Names of coverpoints: ``module.cov_name``, ``module.c_name``, ``bins:name``, and of crosses each bin
        (``bins:cross[bin,bin]``).
    runners
        The test that pytest reports the cases of a file under, for each file of cases that one runs.
    """

    tests: dict[str, frozenset[str]]
    points: frozenset[str]
    runners: dict[str, str]

    def reported_as(self, test: str) -> str:
        """Name the test whose outcome says how a test or case ended: itself, or what runs the case."""
        return self.runners.get(test.partition("::")[0], test)


def find(root: Path = REPO_ROOT) -> Found:
    """Find the tests and coverpoints below a repository's ``tb`` folder, and the bins that are registered."""
    points = find_points(root) | {BINS_PREFIX + name for name in BINS}
    points |= {key for cross in CROSSES.values() for key in cross.legal_keys()}
    return Found(find_tests(root), points, find_runners(root))


def find_tests(root: Path) -> dict[str, frozenset[str]]:
    """Map the node id of each test function to the names of its parameters."""
    tests = {}
    for path in sorted({path for pattern in TEST_FILES for path in (root / "tb").rglob(pattern)}):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        aliases = dict(_assignments(tree))
        for name, node in _functions(tree.body):
            if _is_test(path, node):
                marks = [
                    aliases.get(mark.id, mark) if isinstance(mark, ast.Name) else mark
                    for mark in node.decorator_list
                ]
                parameters = frozenset(parameter for mark in marks for parameter in _parameters(mark))
                tests[f"{path.relative_to(root).as_posix()}::{name}"] = parameters
    return tests


def find_runners(root: Path) -> dict[str, str]:
    """Map files of cases to the node id of the test that names their module."""
    runners = {}
    for path in sorted((root / "tb").rglob("test_*.py")):
        for name, node in _functions(ast.parse(path.read_text(encoding="utf-8")).body):
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and CASES_MODULE.fullmatch(str(part.value)):
                    file = f"{str(part.value).replace('.', '/')}.py"
                    runners[file] = f"{path.relative_to(root).as_posix()}::{name}"
    return runners


def find_points(root: Path) -> frozenset[str]:
    """Name the coverpoints of all SystemVerilog sources, by the names that coverage files give them.

    A checker ``<module>_checks`` speaks for its module; other sources speak for themselves.
    """
    labels = cover_labels(sorted((root / "tb").rglob("*.sv")))
    modules = (label.partition(".") for label in labels)
    return frozenset(f"{module.removesuffix(CHECKER)}.{name}" for module, _, name in modules)


def bins_problem(name: str, bins: Bins, tests: dict[str, frozenset[str]], root: Path) -> str | None:
    """Tell why a registered name measures nothing, if so."""
    if bins.test not in tests:
        return f"bins '{name}': there is no test {bins.test}; correct its entry in tb/plan/bins.py"
    if bins.parameter and bins.parameter not in tests[bins.test]:
        return f"bins '{name}': {bins.test} has no parameter '{bins.parameter}'; correct tb/plan/bins.py"
    if bins.walks:
        file, _, constant = bins.walks.partition("::")
        path = root / file
        if not path.is_file() or constant not in _definitions(ast.parse(path.read_text(encoding="utf-8"))):
            return f"bins '{name}': there is no {bins.walks}; correct its entry in tb/plan/bins.py"
        if constant not in _used(bins.test, root):
            return f"bins '{name}': {bins.test} does not use {constant}; correct it, or tb/plan/bins.py"
    return None


def _used(test: str, root: Path) -> set[str]:
    """Name all that a test uses, itself or by what it uses of the files beside it."""
    file, _, function = test.partition("::")
    uses: dict[str, set[str]] = {}
    for path in sorted((root / file).parent.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        of_functions = ((name.rpartition("::")[2], node) for name, node in _functions(tree.body))
        for name, node in (*of_functions, *_assignments(tree)):
            parts = list(ast.walk(node))
            names = {part.id for part in parts if isinstance(part, ast.Name)}
            names |= {part.attr for part in parts if isinstance(part, ast.Attribute)}
            uses.setdefault(name, set()).update(names)
    found: set[str] = set()
    left = {function.rpartition("::")[2]}
    while left:
        found |= left
        left = {name for one in left for name in uses.get(one, ())} - found
    return found


def _functions(body: list[ast.stmt]) -> Iterator[tuple[str, Function]]:
    """List a module's functions and those of its classes of tests, named as in node ids."""
    for node in body:
        if isinstance(node, Function):
            yield node.name, node
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            for name, function in _functions(node.body):
                yield f"{node.name}::{name}", function


def _is_test(path: Path, node: Function) -> bool:
    """Tell whether a function is collected: by its name, or (cases) as cocotb's decorator says."""
    if path.name.startswith("test_"):
        return node.name.startswith("test_")
    return any(ast.unparse(mark).startswith("cocotb.test") for mark in node.decorator_list)


def _parameters(mark: ast.expr) -> Iterator[str]:
    """Name the parameters that a decorator gives: pytest's as strings, cocotb's as keywords."""
    if not isinstance(mark, ast.Call):
        return
    function = ast.unparse(mark.func)
    if function == "cocotb.parametrize":
        yield from (word.arg for word in mark.keywords if word.arg)
    elif function == "pytest.mark.parametrize":
        names = ast.literal_eval(mark.args[0])
        yield from [name.strip() for name in names.split(",")] if isinstance(names, str) else names


def _assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """List a module's names with the expressions that they are assigned."""
    for node in tree.body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        for target in targets:
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(target, ast.Name) and node.value:
                yield target.id, node.value


def _definitions(tree: ast.Module) -> set[str]:
    """Name a module's functions and constants."""
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return functions | {name for name, _ in _assignments(tree)}
