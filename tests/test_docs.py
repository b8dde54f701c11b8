"""Every command and example of the documentation: run, or where that needs hours or another machine, checked.

Heavy ones are run by ``make docs-check``, which sets ``DIPTYCH_DOCS=all``.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request

import pytest
import typer

from diptych.cli.app import app
from diptych.cli.arguments import fold_operators
from docs_helpers import KINDS, PRELUDE, ROOT, Block, blocks, environment, make_desk, make_shim, words_of

EVERYTHING = os.environ.get("DIPTYCH_DOCS") == "all"
PROGRAMS = {"cat", "pip", "curl", "dask", "docker", "ffmpeg", "openssl", "cp"}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a POSIX shell")


def test_every_block_says_what_it_is():
    assert [f"{one}: {one.kind}" for one in blocks() if one.kind not in KINDS] == []


@pytest.mark.parametrize("block", blocks("sh", "sh heavy", "sh other"), ids=str)
def test_commands_have_the_options_that_are_written(block):
    group = typer.main.get_command(app)
    for command in block.commands():
        for program, *arguments in filter(None, words_of(command)):
            if program.removeprefix(".venv/bin/") == "diptych":
                name, *rest = fold_operators(arguments)
                with group.commands[name].make_context(name, rest):
                    pass
            elif program == "make":
                targets = (ROOT / "Makefile").read_text()
                assert re.search(rf"^{re.escape(arguments[0])}:", targets, re.MULTILINE), command
            else:
                assert program in PROGRAMS or os.access(ROOT / program, os.X_OK), command


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """Return what the commands find, as it is at first."""
    return make_desk(tmp_path_factory.mktemp("docs") / "desk")


def runnable() -> list:
    """Return the pages with the blocks that are run: in their order and in one folder, as later ones need earlier ones."""
    by_page: dict[str, list[Block]] = {}
    for one in blocks("sh", "python", *(("sh heavy", "python heavy") if EVERYTHING else ())):
        by_page.setdefault(one.page, []).append(one)
    return [pytest.param(found, id=page) for page, found in by_page.items()]


@pytest.mark.parametrize("page", runnable())
def test_blocks_run(page, desk, tmp_path):
    here = shutil.copytree(desk, tmp_path / "here")
    variables = environment(make_shim(tmp_path / "bin"))
    with contextlib.ExitStack() as closing:
        for block in page:
            if block.kind.startswith("python"):
                _run_python(block, here, variables)
            else:
                _run_commands(block, here, desk, variables, closing)


def _run_python(block, here, variables):
    for out in re.findall(r'out="([^"]+)"', block.text):
        shutil.rmtree(here / out, ignore_errors=True)
    for file in re.findall(r'(?:write|save)\("([^"]+)"', block.text):
        (here / file).unlink(missing_ok=True)
    done = _run([sys.executable, "-c", PRELUDE + block.text], here, variables)
    assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"


def _run_commands(block, here, desk, variables, closing):
    port = None
    for command in block.commands():
        if command.startswith("diptych serve"):
            port = closing.enter_context(_served(here, variables))
            continue
        _clear(command, here, desk)
        done = _run(["sh", "-c", _at(command, port)], here, variables)
        assert done.returncode == 0, f"{block}: {command}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("block", blocks("python heavy", "python other"), ids=str)
def test_other_examples_are_python(block):
    compile(block.text, str(block), "exec")


def _run(command, here, variables):
    return subprocess.run(command, cwd=here, env=variables, capture_output=True, text=True, check=False)


def _clear(command, here, desk):
    """Remove what an earlier command has written where this one writes."""
    for target in re.findall(r"(?:-o|--html) (\S+)", command) if "--resume" not in command else []:
        place, first = here / target, desk / target
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
        if first.exists():
            shutil.copytree(first, place) if first.is_dir() else None
        if place.parent != here:
            place.parent.mkdir(parents=True, exist_ok=True)
    for beside in here.rglob("*.enhanced.*"):
        beside.unlink()


def _at(command, port):
    return command if port is None else command.replace(":8000", f":{port}")


@contextlib.contextmanager
def _served(here, variables):
    command = [sys.executable, "-m", "diptych", "serve", "--port", "0"]
    process = subprocess.Popen(command, cwd=here, env=variables, stderr=subprocess.PIPE, text=True)
    try:
        port = next(found[1] for line in process.stderr if (found := re.search(r"127\.0\.0\.1:(\d+)", line)))
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
                break
            time.sleep(0.1)
        yield int(port)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
