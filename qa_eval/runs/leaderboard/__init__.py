"""Leaderboards: stored runs as a table, Markdown, CSV or JSON.

    merged_runs       several runs as one leaderboard
    views             the rows and columns that are shown, and their order
    board_formats     a view in each format
    captions          captions and notes
    brief_board       a leaderboard at a Python prompt and in a notebook
    history           one model over many runs
    record_tables     plain tables of records
    run_list          the runs of a folder, where they cannot share a table
    record_tables     rows of plain values as Markdown, CSV or JSON

Runs whose data or scoring differ are refused, unless they are restricted to the items that all asked.
Percent appears only in the terminal table and in Markdown; CSV and JSON hold fractions.
"""
