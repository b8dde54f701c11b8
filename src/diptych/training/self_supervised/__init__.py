"""Games that learn from a single folder without labels."""
