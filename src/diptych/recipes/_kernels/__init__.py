"""Faster paths of the steps that need a model."""
