"""Files of answers that other tools write: JSON, JSON Lines, CSV and TSV in many shapes.

answer_files      opens a file of answers in any of these formats
answer_shapes     the shapes in which tools write answers
inspect_logs      logs of Inspect, whose samples become rows
answer_tables     CSV and TSV, with or without column names
"""
