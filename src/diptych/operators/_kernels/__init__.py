"""Faster paths, in a file named as the operator or one that several share; imported when the operator is first called.

A file has a table ``PATHS`` of `diptych.core.operator.FastPath` rows, or, where operators share it (``kernels=`` of their
decorator), a function ``paths(declaration)`` that returns one. The first row that fits is taken, and where none fits, the
operator's own file, which is the specification, does the work. A path gets the image ``(H, W, C)`` in its own dtype and gives
the same answer as the plain version: floats within 1e-4, integers within one level (``tests/parity/test_paths.py`` draws
shapes, channels and parameters for every row).

Numba functions live in files ``<name>_numba.py`` and are imported inside the path that uses them, so that an OpenCV path
does not pay for loading Numba. They are compiled once (``cache=True``), release the interpreter lock (``nogil=True``) and
are run over strips of rows by `diptych.core.parallel.in_strips`.
"""
