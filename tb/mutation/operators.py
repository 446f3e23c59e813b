"""Mutants of the design, from the elaborated syntax tree.

Only what is computed while the design runs is changed: parameters, widths, bounds of loops and generated
structure stay. A replaced expression keeps the width of its context, since SystemVerilog extends both
branches of ``?:`` alike, so that right and faulty text stand side by side in one model
(`tb.mutation.schemata`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyslang
from pyslang import ast, syntax

from tb.mutation.mutant import Mutant, Operator, numbered
from tb.toolchain import RTL_ROOT, rtl_sources

SIZES = ("Cores=2", "GatedCores=1")
"""Parameters of the top module, so that every module and branch of structure is there."""

BINARY = {
    "+": ("-",),
    "-": ("+",),
    "&&": ("||",),
    "||": ("&&",),
    "&": ("|",),
    "|": ("&",),
    "^": ("|",),
    "==": ("!=",),
    "!=": ("==",),
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "<<": (">>",),
    ">>": ("<<",),
}
"""What stands for an operator in a mutant."""
POSTFIX = (ast.ElementSelectExpression, ast.RangeSelectExpression, ast.MemberAccessExpression)
"""What stands behind a name; a name in parentheses could not have it."""
UNARY = ("!", "~")
"""Operators that a mutant leaves out."""
HANDSHAKE = re.compile(r"valid|ready|grant|take")
RESET = re.compile(r"!\s*\w*rst_n\w*")
_NUMBER = re.compile(r"(?:(\d*)'[sS]?([bBdDhH])([0-9a-fA-F_]+)|(\d+))")


class DesignError(ValueError):
    """The design does not elaborate; says where, as a compiler does."""


class _Finder:
    """Walks what runs and collects mutants; text comes from the files."""

    def __init__(self, root: Path, compilation: ast.Compilation) -> None:
        self._root = root
        self._manager = compilation.sourceManager
        self._context = ast.EvalContext(compilation.getRoot())
        self._texts: dict[str, bytes] = {}
        self.found: dict[tuple[str, int, int, str], Mutant] = {}

    # -- places ------------------------------------------------------------------------------------

    def _place(self, node: Any) -> tuple[str, int, int] | None:
        """File below the root, and bytes; None for what is not the design's own."""
        span = node.sourceRange
        if not self._manager.isFileLoc(span.start) or not self._manager.isFileLoc(span.end):
            return None
        path = Path(self._manager.getFileName(span.start)).resolve()
        if not path.is_relative_to(self._root):
            return None
        return path.relative_to(self._root).as_posix(), span.start.offset, span.end.offset

    def _text(self, node: Any) -> str:
        place = self._place(node)
        if place is None:
            return ""
        file, start, end = place
        if file not in self._texts:
            self._texts[file] = (self._root / file).read_bytes()
        return self._texts[file][start:end].decode()

    def _add(self, node: Any, operator: Operator, *faulty: str) -> None:
        place = self._place(node)
        if place is None:
            return
        file, start, end = place
        right = self._text(node)
        source = self._texts[file]
        line = source.count(b"\n", 0, start) + 1
        around = source[source.rfind(b"\n", 0, start) + 1 :].partition(b"\n")[0].decode()
        for text in faulty:
            if text and text != right:
                key = (file, start, end, text)
                self.found.setdefault(key, Mutant(file, start, end, line, operator, right, text, around))

    # -- structure ---------------------------------------------------------------------------------

    def scope(self, members: Iterable[Any]) -> None:
        """Visit the members of a module, package or generate block."""
        members = list(members)
        constant = set(_called(members))
        for member in members:
            if isinstance(member, ast.ContinuousAssignSymbol):
                self._expression(member.assignment)
            elif isinstance(member, ast.ProceduralBlockSymbol):
                if member.procedureKind in (
                    ast.ProceduralBlockKind.AlwaysComb,
                    ast.ProceduralBlockKind.AlwaysFF,
                ):
                    self._statement(member.body)
            elif isinstance(member, ast.SubroutineSymbol):
                if member.name not in constant:
                    self._statement(member.body)
            elif isinstance(member, ast.InstanceSymbol):
                self._instance(member)
            elif isinstance(member, ast.GenerateBlockSymbol):
                if not member.isUninstantiated:
                    self.scope(member)
            elif isinstance(member, ast.GenerateBlockArraySymbol):
                self.scope(member.entries)

    def _instance(self, instance: Any) -> None:
        for connection in instance.portConnections:
            if connection.expression is not None and connection.port.direction == ast.ArgumentDirection.In:
                self._expression(connection.expression)
        self.scope(instance.body)

    # -- statements --------------------------------------------------------------------------------

    def _statement(self, node: Any, in_reset: bool = False) -> None:
        if isinstance(node, ast.StatementList):
            for one in node.list:
                self._statement(one, in_reset)
        elif isinstance(node, ast.BlockStatement):
            self._statement(node.body, in_reset)
        elif isinstance(node, ast.TimedStatement):
            self._statement(node.stmt, in_reset)
        elif isinstance(node, ast.ForLoopStatement):
            self._statement(node.body, in_reset)
        elif isinstance(node, ast.ConditionalStatement):
            self._conditional(node, in_reset)
        elif isinstance(node, ast.CaseStatement):
            self._expression(node.expr)
            for item in node.items:
                self._statement(item.stmt, in_reset)
            if node.defaultCase is not None:
                self._statement(node.defaultCase, in_reset)
        elif isinstance(node, ast.ExpressionStatement):
            self._expression(node.expr, in_reset)
        elif isinstance(node, ast.ReturnStatement) and node.expr is not None:
            self._value(node.expr)
            self._expression(node.expr)

    def _conditional(self, node: Any, in_reset: bool) -> None:
        reset = False
        for one in node.conditions:
            text = self._text(one.expr)
            reset = reset or RESET.fullmatch(text) is not None
            if not reset:
                self._add(one.expr, Operator.CONDITION, "1'b0", "1'b1")
                if node.ifFalse is not None:
                    self._add(one.expr, Operator.ENABLE, f"!({text})")
                self._expression(one.expr)
        self._statement(node.ifTrue, in_reset or reset)
        if node.ifFalse is not None:
            self._statement(node.ifFalse, in_reset)

    # -- expressions -------------------------------------------------------------------------------

    def _expression(self, node: Any, in_reset: bool = False) -> None:
        """Visit an expression; constants, and what only says a place or a width, are left alone."""
        if isinstance(node, ast.AssignmentExpression):
            self._assignment(node, in_reset)
            return
        if isinstance(node, ast.ConversionExpression):
            self._expression(node.operand)
            return
        if self._literal(node) or node.constant is not None:
            return
        if isinstance(node, ast.BinaryExpression):
            self._binary(node)
        elif isinstance(node, ast.UnaryExpression):
            text, operand = self._text(node), self._text(node.operand)
            if text[:1] in UNARY and not RESET.fullmatch(text):
                self._add(node, Operator.OPERATOR, f"({operand})")
            self._expression(node.operand)
        elif isinstance(node, ast.ConditionalExpression):
            for one in node.conditions:
                self._add(one.expr, Operator.CONDITION, "1'b0", "1'b1")
                self._expression(one.expr)
            self._expression(node.left)
            self._expression(node.right)
        elif isinstance(node, POSTFIX):
            self._postfix(node)
        else:
            for child in _children(node):
                self._expression(child)

    def _literal(self, node: Any) -> bool:
        if isinstance(node, ast.UnbasedUnsizedIntegerLiteral):
            other = {"'0": "'1", "'1": "'0"}.get(self._text(node))
            if other and node.type.isIntegral and not node.type.isEnum:
                self._add(node, Operator.CONSTANT, other)
            return True
        if isinstance(node, ast.IntegerLiteral):
            match = _NUMBER.fullmatch(self._text(node))
            if match:
                self._add(node, Operator.CONSTANT, *_neighbours(match))
            return True
        return False

    def _assignment(self, node: Any, in_reset: bool) -> None:
        right, left = node.right, self._text(node.left)
        if node.isCompound:
            right = right.right  # of ``a |= b`` only b stands in the text
            while isinstance(right, ast.ConversionExpression) and right.isImplicit:
                right = right.operand
        if node.isNonBlocking and not isinstance(node.left, ast.ConcatenationExpression):
            self._add(right, Operator.RESET if in_reset else Operator.ENABLE, left)
        if not in_reset:
            self._value(right)
            self._expression(right)

    def _value(self, node: Any) -> None:
        """Add the mutants of a value that goes somewhere: a register, a wire, a function's result."""
        while isinstance(node, ast.ConversionExpression) and node.isImplicit:
            node = node.operand
        kind = node.type
        literals = (ast.IntegerLiteral, ast.UnbasedUnsizedIntegerLiteral)
        if not kind.isIntegral or kind.isEnum or kind.isStruct or isinstance(node, literals):
            return
        text, known = self._text(node), _known_bits(node, self._context)
        if kind.bitWidth == 1:
            self._add(node, Operator.STUCK, *(f"1'b{bit}" for bit in (0, 1) if known.get(0) != bit))
            return
        if known.get(0) != 1:
            self._add(node, Operator.STUCK, f"(({text}) | 1'b1)")
        if known.get(0) != 0:
            self._add(node, Operator.STUCK, f"(({text}) & ~1'b1)")
        if known.get(kind.bitWidth - 1) != 0:
            # Of the value's own width: where it goes may be wider.
            self._add(node, Operator.WIDTH, f"(({text}) & ($bits({text})'('1) >> 1))")

    def _binary(self, node: Any) -> None:
        left, right, text = self._text(node.left), self._text(node.right), self._text(node)
        between = text[len(left) : len(text) - len(right)].strip()
        # In one bit a sum is a difference.
        replaced = () if between in ("+", "-") and node.type.bitWidth == 1 else BINARY.get(between, ())
        for other in replaced:
            self._add(node, Operator.OPERATOR, f"({left} {other} {right})")
        if between == "&&" and HANDSHAKE.search(text):
            self._add(node, Operator.HANDSHAKE, f"({left})", f"({right})")
        self._expression(node.left)
        self._expression(node.right)

    def _postfix(self, top: Any) -> None:
        """Add the neighbours of each element that ``a[i].b[j]`` picks; parts of it are not replaced alone."""
        place, text = self._place(top), self._text(top)
        node = top
        while isinstance(node, POSTFIX):
            if isinstance(node, ast.ElementSelectExpression) and place is not None:
                other = self._neighbour(node)
                inner = self._place(node.selector)
                if other and inner is not None:
                    first, last = inner[1] - place[1], inner[2] - place[1]
                    self._add(top, Operator.SELECT, f"{text[:first]}{other}{text[last:]}")
                if node.selector.constant is None:
                    self._expression(node.selector)
            node = node.value
        if not isinstance(node, ast.NamedValueExpression):
            self._expression(node)

    def _neighbour(self, node: Any) -> str:
        """Index beside the one of an element; empty if there is but one."""
        span = node.value.type.fixedRange if node.value.type.hasFixedRange else None
        if span is None or span.width < 2:
            return ""
        if node.selector.constant is None:
            return f"({self._text(node.selector)}) ^ 1'b1"
        number = int(node.selector.constant.value)
        return str(number + 1 if number < max(span.left, span.right) else number - 1)


def _neighbours(match: re.Match[str]) -> tuple[str, ...]:
    """Numbers one off a literal, in its base and width."""
    width, base, digits, plain = match.groups()
    if plain is not None:
        return (str(int(plain) + 1),)
    radix, code = {"b": (2, "b"), "d": (10, "d"), "h": (16, "x")}[base.lower()]
    number = int(digits.replace("_", ""), radix)
    other = number + 1 if not width or number + 1 < 1 << int(width) else number - 1
    return (f"{width}'{base}{other:{code}}",)


def _known_bits(node: Any, context: Any) -> dict[int, int]:
    """Bits of a value that are the same whatever happens: a mutant that sets them so is none."""
    width = node.type.bitWidth
    constant = node.eval(context).value
    if isinstance(constant, pyslang.SVInt) and not constant.hasUnknown:
        number = int(constant)
        return {at: number >> at & 1 for at in range(width)}
    if isinstance(node, ast.ConversionExpression) and not node.operand.type.isSigned:
        inner = _known_bits(node.operand, context)
        above = range(node.operand.type.bitWidth, width)
        return {at: bit for at, bit in inner.items() if at < width} | dict.fromkeys(above, 0)
    if isinstance(node, ast.ConcatenationExpression):
        known, low = dict[int, int](), 0
        for part in reversed(node.operands):
            known |= {low + at: bit for at, bit in _known_bits(part, context).items()}
            low += part.type.bitWidth
        return known
    if isinstance(node, ast.ConditionalExpression):
        left, right = (_known_bits(one, context) for one in (node.left, node.right))
        return dict(left.items() & right.items())
    if isinstance(node, ast.BinaryExpression) and node.op is ast.BinaryOperator.LogicalShiftLeft:
        places = node.right.eval(context).value
        if isinstance(places, pyslang.SVInt):
            moved = {at + int(places): bit for at, bit in _known_bits(node.left, context).items()}
            return {at: bit for at, bit in moved.items() if at < width} | dict.fromkeys(range(int(places)), 0)
    return {}


def _called(members: Iterable[Any]) -> Iterator[str]:
    """Name the functions that compute parameters, before the design runs."""
    parts: list[Any] = []
    for member in members:
        if isinstance(member, ast.ParameterSymbol) and member.initializer is not None:
            member.initializer.visit(parts.append)
    for part in parts:
        if isinstance(part, ast.CallExpression) and isinstance(part.subroutine, ast.SubroutineSymbol):
            yield part.subroutine.name


def _children(node: Any) -> Iterator[Any]:
    """Operands of the expressions that are passed through."""
    if isinstance(node, ast.ConcatenationExpression):
        yield from node.operands
    elif isinstance(node, ast.ReplicationExpression):
        yield node.concat
    elif isinstance(node, ast.CallExpression):
        if not node.isSystemCall:
            yield from node.arguments
    elif isinstance(node, ast.StructuredAssignmentPatternExpression):
        yield from (setter.expr for setter in node.memberSetters)
    elif isinstance(node, ast.SimpleAssignmentPatternExpression):
        yield from node.elements
    elif isinstance(node, ast.InsideExpression):
        yield node.left


def find_mutants(root: Path = RTL_ROOT, sources: Sequence[Path] | None = None) -> list[Mutant]:
    """List every mutant of the design's hand-written files, in the order of files and places.

    Parameters
    ----------
    root : Path
        Folder of the design.
    sources : sequence of Path or None
        All of its files, packages first; None: those of `rtl_sources`.

    Raises
    ------
    DesignError
        If the design does not elaborate.
    """
    options = ast.CompilationOptions()
    options.paramOverrides = list(SIZES)
    compilation = ast.Compilation(pyslang.Bag([options]))
    for path in sources if sources is not None else rtl_sources(root=root):
        compilation.addSyntaxTree(syntax.SyntaxTree.fromFile(str(path)))
    tops = compilation.getRoot().topInstances
    errors = [one for one in compilation.getAllDiagnostics() if one.isError()]
    if errors:
        first = pyslang.DiagnosticEngine.reportAll(compilation.sourceManager, errors[:1]).rstrip()
        raise DesignError(f"the design does not elaborate: {len(errors)} errors, the first is\n{first}")
    finder = _Finder(root.resolve(), compilation)
    for package in compilation.getPackages():
        finder.scope(package)
    for top in tops:
        finder.scope(top.body)
    return numbered(finder.found.values())
