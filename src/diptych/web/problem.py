"""A response other than 200."""

from __future__ import annotations

from collections.abc import Mapping


class Problem(Exception):  # noqa: N818 (a response, not a failure of the service)
    """A response other than 200, raised from anywhere in a request."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, dict(headers or {})
