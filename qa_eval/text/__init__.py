"""Text for people: tables, Markdown and wording for the terminal, pull requests and notebooks.

    wide_table        a leaderboard with one line for each model and as many columns as fit
    grid              small tables with aligned columns
    short_names       names that are shortened, so that different ones stay different
    notebook_tables   small HTML tables for notebooks
    markdown          pieces of Markdown that show text from data literally
    passages          passages of a long text with marked places
    figures           percentages, points, intervals, sizes and durations as text
    glossary          the terms of the field with their meanings
    phrases           quotes, paths and suggestions in messages
    lazy_patterns     regular expressions that are compiled when they are first used
    progress          progress bars and lines
    terminal          escaping, terminal width and styled output

Results go to stdout and progress to stderr. Text that comes from data is escaped by `terminal.clean` before
it reaches a terminal. It is never read as markup.
"""
