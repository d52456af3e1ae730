"""Training: the loop, what it reports, and when it stops."""
