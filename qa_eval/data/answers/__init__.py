"""Files of answers that other tools write: JSON, JSON Lines, CSV and TSV in many shapes.

answer_files      a file of answers as a stream of rows, told apart by its shape
answer_tables     rows of CSV and TSV
answer_shapes     the shapes of one answer, each read into one record
"""
