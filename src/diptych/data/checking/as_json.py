"""The check as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from diptych.data.checking.result import DomainCheck

FORMAT = 1


def to_json(check: DomainCheck) -> str:
    """Return the check as indented JSON: verdict, counts and findings."""
    facts = {
        "format": FORMAT,
        "verdict": check.verdict,
        "source": check.source,
        "target": check.target,
        "counts": {domain: asdict(counts) for domain, counts in check.counts.items()},
        "findings": [asdict(one) for one in check.findings],
    }
    return json.dumps(facts, indent=2, allow_nan=False, ensure_ascii=False)
