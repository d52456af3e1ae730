"""Any table as a dataset: its cells, what its columns mean, and the numbers that a network takes of them.

Reading order: table, schema, column_types, load, rows.
"""
