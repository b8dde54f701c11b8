"""Validation: what a generator does to held-out pictures, when to stop, and which classical step to add after it."""
