"""The examples: units and compose files are valid and call commands that exist; plugins load and do their work."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import typer

from diptych.cli.app import app

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
UNIT = EXAMPLES / "watch" / "diptych-watch.service"


def check_command(words: list[str]) -> None:
    """Parse a command as the command line does, without doing it."""
    program, name, *rest = words
    assert Path(program).name == "diptych"
    group = typer.main.get_command(app)
    with group.commands[name].make_context(name, rest):
        pass


def settings(unit: Path) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.MULTILINE))


def test_the_unit_calls_a_command_that_exists():
    found = settings(UNIT)
    check_command(found["ExecStart"].split())
    variables = dict(one.split("=") for one in found["Environment"].split())
    assert set(re.findall(r"\$\{(\w+)\}", found["ExecStart"])) <= variables.keys()
    assert found["ReadWritePaths"] == variables["OUT"]
    assert found["KillSignal"] == "SIGTERM"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_unit_is_valid(tmp_path):
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/diptych/bin/diptych", shutil.which("true")))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_compose_file_is_valid():
    yaml = pytest.importorskip("yaml")
    services = yaml.safe_load((EXAMPLES / "watch" / "compose.yaml").read_text())["services"]
    watch = services["watch"]
    check_command(watch["command"])
    assert (EXAMPLES / "watch" / watch["build"] / "Dockerfile").is_file()
    targets = {one.split(":")[1]: one.split(":")[2:] for one in watch["volumes"]}
    assert targets == {"/incoming": ["ro"], "/done": []}
    assert set(targets) < set(watch["command"])
