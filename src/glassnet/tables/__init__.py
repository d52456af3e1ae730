"""Any table as a dataset: its cells, the meaning of its columns, and the numbers that a network takes.

Reading order: table, dialect, number_form, date_form, boolean_form, column, schema, column_options, mixture, undecided,
column_types, summary, load, rows.
"""
