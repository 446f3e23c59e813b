"""The loader of compiled parts: its cache, and what a user reads when it cannot work."""

from __future__ import annotations

import ctypes
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from golden import native

ANSWER = 'extern "C" int answer() { return 42; }\n'


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "answer.cpp"
    path.write_text(ANSWER)
    return path


def test_a_library_is_compiled_once_and_again_when_its_source_or_a_header_changes(
    source: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    first = native.build(source, cache)
    assert ctypes.CDLL(str(first)).answer() == 42
    written = first.stat().st_mtime_ns
    assert native.build(source, cache) == first
    assert first.stat().st_mtime_ns == written
    source.write_text(ANSWER.replace("42", "43"))
    second = native.build(source, cache)
    assert ctypes.CDLL(str(second)).answer() == 43
    (tmp_path / "shared.hpp").write_text("// new\n")
    assert native.build(source, cache) not in (first, second)
    source.write_text(ANSWER)
    (tmp_path / "shared.hpp").unlink()
    assert native.build(source, cache) == first


def test_the_cache_depends_on_the_flags(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = native.build(source, tmp_path)
    monkeypatch.setattr(native, "FLAGS", (*native.FLAGS, "-DOTHER"))
    assert native.build(source, tmp_path) != first


def test_workers_that_start_together_share_one_compilation(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[Path] = []
    compile_one = native._compile

    def counted(source: Path, target: Path, command: tuple[str, ...]) -> None:
        compiled.append(target)
        compile_one(source, target, command)

    monkeypatch.setattr(native, "_compile", counted)
    with ThreadPoolExecutor(4) as pool:
        paths = set(pool.map(lambda _: native.build(source, tmp_path / "cache"), range(4)))
    assert len(paths) == 1
    assert len(compiled) == 1


def test_no_compiler_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(
        native.NativeError, match=r"no C\+\+ compiler.*apt install g\+\+.*dnf install gcc-c\+\+"
    ):
        native.compiler()


def test_a_compiler_named_in_cxx_is_used_or_reported_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "env c++ -g")
    assert native.compiler() == ("env", "c++", "-g")
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(native.NativeError, match="CXX names 'no-such-compiler', which is not on PATH"):
        native.compiler()


def test_a_compiler_that_is_too_old_is_named(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "oldc++"
    old.write_text("#!/bin/sh\necho \"unrecognized option '-std=c++20'\" >&2\nexit 1\n")
    old.chmod(0o755)
    monkeypatch.setenv("CXX", str(old))
    with pytest.raises(
        native.NativeError, match=r"oldc\+\+' does not take -std=c\+\+20.*GCC 10(.|\n)*unrecog"
    ):
        native.build(source, tmp_path / "cache")


def test_a_failed_compilation_shows_the_command_and_leaves_nothing(source: Path, tmp_path: Path) -> None:
    source.write_text("int answer( {\n")
    cache = tmp_path / "cache"
    with pytest.raises(
        native.NativeError, match=r"answer\.cpp does not compile(.|\n)*-std=c\+\+20(.|\n)*error"
    ):
        native.build(source, cache)
    assert [path.name for path in cache.iterdir()] == ["answer.lock"]


def test_a_cache_that_cannot_be_written_is_named(source: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(native.NativeError, match=r"cannot write the compiled golden model to .*file/native"):
        native.build(source, blocked / "native")
