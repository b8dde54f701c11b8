"""Training: two folders in, a trained enhancer out."""
