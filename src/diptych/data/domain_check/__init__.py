"""The domain check: are two folders of pictures fit for training from one to the other?

`check` looks at every picture once and returns a `DomainCheck`: findings in words, with numbers and names, and a verdict.
"""

from __future__ import annotations

from diptych.data.domain_check.check import check
from diptych.data.domain_check.findings import Finding
from diptych.data.domain_check.result import Counts, DomainCheck

__all__ = ["Counts", "DomainCheck", "Finding", "check"]
