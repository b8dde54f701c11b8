"""Compiled loops, imported when they are first needed."""
