"""Training: the loop, its history, its metrics, and the rules that stop it."""
