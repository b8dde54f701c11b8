"""Defaults that Python, the command line, the service and the cluster share."""

QUALITY = 95
"""Of JPEG, WebP, AVIF, JPEG XL and HEIC, 1 to 100."""

MAX_PIXELS = 200_000_000
"""Pictures that are larger by their header are refused unless the caller allows more."""
