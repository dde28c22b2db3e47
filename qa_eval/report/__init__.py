"""The report: stored runs as a static site.

The template of a page is in `pages/`. A module such as `model_page` gathers its values. `html` renders it.

    content           what the pages show, from runs and texts
    leaderboard_page  the leaderboard: its picture, and its table on every slice
    contested_page    where the sources disagree, and whose claims the models make
    model_page        what kind of mistakes a model makes, and where
    question_page     a question with every answer and why it is right or wrong; the list of questions
    matrix_page       every answer of every model as a letter, and shares by category
    html              from values to pages, by the templates in `pages/`
    charts            charts by matplotlib, each with the table of its numbers
    marked_text       a text with golds and answers marked
    report_files      from runs to the files of a report
    site              the files on disk, whole or not at all

The site needs no network and no server. Its tables and charts are in the HTML; a script only sorts and
filters them, and draws the matrix. Everything that comes from data is escaped, and a Content-Security-Policy
allows only the site's own files.
"""
