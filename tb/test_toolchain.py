"""The build cache: what is a hit, what never is, and what the user reads when a build fails."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tb import build_cache
from tb.build_cache import LOG, STAMP
from tb.toolchain import (
    BUILD_ROOT,
    REPO_ROOT,
    BuildResult,
    NotBuiltError,
    Toolchain,
    ToolchainError,
    rtl_sources,
    verilate,
)

MODULE = """
module {top} (input logic [7:0] a_i, output logic [7:0] y_o);
  assign y_o = a_i + 8'd{increment};
endmodule
"""

WRAPPER = """
#include "Vincrement.h"
extern "C" unsigned evaluate(unsigned a) {
    VerilatedContext context;
    Vincrement model{&context};
    model.a_i = a;
    model.eval();
    return model.y_o;
}
"""

Build = Callable[..., BuildResult]


# Does in a process of its own what the fixture `build` does, and prints whether it was a hit.
BUILD_SCRIPT = """
import sys
from pathlib import Path
from tb.toolchain import verilate
name, module, wrapper = sys.argv[1:]
print(verilate(name, [Path(module)], "increment", cxx_sources=[Path(wrapper)], kind="lib").cached)
"""


def build_name() -> str:
    """Name of this process' builds."""
    return f"selftest_{os.getpid()}"


def build_command(sources: tuple[Path, Path]) -> list[str]:
    """Return the command that builds the sources in another process."""
    return [sys.executable, "-c", BUILD_SCRIPT, build_name(), *map(str, sources)]


@pytest.fixture
def sources(tmp_path: Path) -> tuple[Path, Path]:
    """Write a module that adds one, and its C++ file."""
    module, wrapper = tmp_path / "increment.sv", tmp_path / "wrapper.cpp"
    module.write_text(MODULE.format(top="increment", increment=1))
    wrapper.write_text(WRAPPER)
    return module, wrapper


@pytest.fixture
def build(sources: tuple[Path, Path]) -> Iterator[Build]:
    """Return what builds it; its builds are removed when the test ends."""
    yield lambda **more: verilate(
        build_name(), [sources[0]], "increment", cxx_sources=[sources[1]], kind="lib", **more
    )
    for path in BUILD_ROOT.glob(f"{build_name()}-*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def evaluate(result: BuildResult, value: int) -> int:
    """Call the model that was built."""
    return int(ctypes.CDLL(str(result.artifact)).evaluate(value))


def test_same_inputs_are_built_once(build: Build) -> None:
    first, second = build(), build()
    assert evaluate(first, 41) == 42
    assert (first.cached, second.cached) == (False, True)
    assert first.artifact == second.artifact


def test_a_build_that_must_be_there(build: Build, sources: tuple[Path, Path]) -> None:
    with pytest.raises(NotBuiltError, match="has not been built, or of other sources; build it first"):
        build(cached=True)
    build()
    assert build(cached=True).cached


@pytest.mark.parametrize("header", ["constants.svh", "constants.h"])
def test_a_header_beside_a_source_is_an_input(header: str, build: Build, sources: tuple[Path, Path]) -> None:
    build()
    (sources[0].parent / header).write_text("// nothing\n")
    assert not build().cached


def test_changed_source_is_built_anew(build: Build, sources: tuple[Path, Path]) -> None:
    build()
    sources[0].write_text(MODULE.format(top="increment", increment=2))
    second = build()
    assert not second.cached
    assert evaluate(second, 40) == 42


@pytest.mark.parametrize("lost", ["stamp", "artifact"])
def test_unfinished_build_is_no_hit(lost: str, build: Build) -> None:
    first = build()
    (first.dir / STAMP if lost == "stamp" else first.artifact).unlink()
    second = build()
    assert not second.cached
    assert evaluate(second, 1) == 2


def test_killed_build_is_no_hit_and_blocks_nobody(build: Build, sources: tuple[Path, Path]) -> None:
    """What a killed process leaves is no build; the next one waits for its compiler and starts anew."""
    process = subprocess.Popen(build_command(sources), cwd=REPO_ROOT)
    deadline = time.monotonic() + 60
    while not list(BUILD_ROOT.glob(f"{build_name()}-*/{LOG}")):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert not list(BUILD_ROOT.glob(f"{build_name()}-*/{STAMP}"))
    result = build()
    assert not result.cached
    assert evaluate(result, 1) == 2


def test_builds_at_the_same_time_are_one_build(build: Build, sources: tuple[Path, Path]) -> None:
    command = build_command(sources)
    processes = [
        subprocess.Popen(command, cwd=REPO_ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    printed = [process.communicate(timeout=120)[0].strip() for process in processes]
    assert sorted(printed) == ["False", "True", "True"]
    assert build().cached


def test_fault_in_the_rtl_is_shown_and_is_no_hit(build: Build, sources: tuple[Path, Path]) -> None:
    sources[0].write_text(MODULE.format(top="increment", increment="1 + missing"))
    for _ in range(2):
        with pytest.raises(ToolchainError, match=r"(?s)Verilator failed.*build\.log:.*'missing'"):
            build()


def test_fault_in_the_cxx_is_shown_and_is_no_hit(build: Build, sources: tuple[Path, Path]) -> None:
    sources[1].write_text(WRAPPER.replace("return model.y_o", "return missing"))
    for _ in range(2):
        with pytest.raises(ToolchainError, match=r"(?s)C\+\+ compiler failed.*build\.log:.*missing"):
            build()


def test_missing_source_is_named(build: Build, sources: tuple[Path, Path]) -> None:
    sources[0].unlink()
    with pytest.raises(ToolchainError, match=r"cannot read source .*increment\.sv: No such file"):
        build()


def test_missing_compiler_is_named_with_its_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(ToolchainError, match=r"(?s)C\+\+20 compiler.*make.*apt install.*dnf install"):
        Toolchain.find.__wrapped__()


def test_lint_reports_warnings(sources: tuple[Path, Path]) -> None:
    Toolchain.find().lint([sources[0]], "increment")
    sources[0].write_text(MODULE.format(top="increment", increment="1 + 9'd0"))
    with pytest.raises(ToolchainError, match="WIDTH"):
        Toolchain.find().lint([sources[0]], "increment")


def test_unused_builds_are_deleted(tmp_path: Path) -> None:
    old, new, failed = (tmp_path / name for name in ("old", "new", "failed"))
    past = time.time() - (build_cache.UNUSED_DAYS + 1) * 86400
    for folder in (old, new, failed):
        folder.mkdir()
        (folder / LOG).write_text("")
        os.utime(folder / LOG, (past, past))
    for folder in (old, new):
        (folder / STAMP).write_text("{}")
    os.utime(old / STAMP, (past, past))
    build_cache.delete_unused(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_sources_list_packages_first_in_order_of_dependence() -> None:
    files = rtl_sources()
    names = [path.stem for path in files]
    packages = [name for name in names if name.endswith("_pkg")]
    assert names[: len(packages)] == packages
    for place, path in enumerate(files):
        text = path.read_text(encoding="utf-8")
        assert not [name for name in packages[place + 1 :] if f"{name}::" in text], path
    assert rtl_sources("fp32_add")[-1].name == "fp32_add.sv"
    with pytest.raises(ToolchainError, match=r"no file nothing\.sv"):
        rtl_sources("nothing")
