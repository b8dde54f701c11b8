"""Refining: a flow learned from good pictures alone, and refiners that others have trained."""
