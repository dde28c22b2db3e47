"""Exports: results and question sets in the formats of other tools, one file for each format.

formats            the list of all formats; a new one is a function and an entry here
source             what is exported: rows, names of the data, questions and texts
outputs            named texts or bytes, and how they are written to disk
hub                model cards and evaluation results of the hub
every_eval_ever    records of Every Eval Ever
lm_eval            the layout of lm-evaluation-harness
squad_predictions  predictions as the official SQuAD scripts read them
tables             every answer as a row of CSV or Parquet
question_set       a question set as SQuAD JSON and for `datasets`
claims_file        a contested set as facts with their own passages
dataset_card       the card of an exported question set
"""
