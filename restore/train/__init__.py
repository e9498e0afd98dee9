"""Training: lessons in, weights and what they score out. Nothing in the pipeline imports this room."""
