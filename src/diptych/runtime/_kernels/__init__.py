"""Numba kernels of the runtime, imported when a picture is enhanced."""
