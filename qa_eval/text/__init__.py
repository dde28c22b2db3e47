"""Text for people: tables, Markdown and wording, shared by the terminal and pull-request comments.

    wide_table        a leaderboard, in the richest shape that fits the width
    grid              small tables of plain columns
    notebook_tables   small HTML tables for notebooks
    markdown          pieces of Markdown in which text from data is literal
    passages          passages of a long text with places marked
    figures           percent, points, intervals, sizes and durations in words
    glossary          the words of the field with their meanings
    phrases           quotes, paths and suggestions in messages
    progress          progress bars and lines
    terminal          escaping, width and styled output

Results go to stdout and progress to stderr. Text that comes from data is escaped by `terminal.clean` before
it reaches a terminal. It is never read as markup.
"""
