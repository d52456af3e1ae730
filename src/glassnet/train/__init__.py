"""How a network learns: one loop, what it reports, and when it stops."""
