"""Print the lower bounds of pyproject.toml as constraints for pip: the oldest dependencies that must work."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

project = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text())["project"]
requirements = {*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)}
for requirement in sorted(requirements, key=str.lower):
    name, version = re.fullmatch(r"([\w.-]+)(?:\[\w+\])?>=([\w.]+)", requirement).groups()
    print(f"{name}=={version}")
