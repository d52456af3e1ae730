"""Experiments for learners: classic mistakes, made on purpose, and what each of them looks like in the numbers."""
