"""Any table as a dataset: its cells, the meaning of its columns, and the numbers that a network takes.

Reading order: table, schema, column_types, load, rows.
"""
