"""Leaderboards: stored runs as a table, Markdown, CSV or JSON.

    merged_runs       several runs as one leaderboard
    views             the choice and order of rows and columns
    board_formats     a view in each format
    captions          captions and notes
    brief_board       a leaderboard at a Python prompt and in a notebook
    history           one model over many runs
    record_tables     rows of plain values as Markdown, CSV or JSON
    run_list          the runs of a folder that cannot share a table

Runs with different data or scoring cannot share a table. Runs with different data can, on their common items.
Percent appears only in the terminal table and in Markdown; CSV and JSON hold fractions.
"""
