"""The report: stored runs as a static site.

Each page has a template in `pages/`. A module such as `model_page` gathers its values, and `html` fills the
template with them.

    content           gathers the content of all pages from runs and texts
    leaderboard_page  the picture of the leaderboard, and its table for every slice
    contested_page    the facts on which sources disagree, and whose claims the models make
    model_page        the kinds of mistakes that a model makes
    question_page     a question with every answer and the reasons; the list of questions
    read_answers      what answers in words were read as, with the rule of each mark
    matrix_page       every answer of every model as a letter, and shares by category
    html              fills the templates in `pages/` with these values
    charts            charts by matplotlib, each with a table of its numbers
    marked_text       a text with golds and answers marked
    report_files      makes all files of a report from runs
    site              writes the files to disk

The site needs no network and no server. Its tables and charts are in the HTML. A script sorts and filters
them, and draws the matrix. Everything that comes from data is escaped, and a Content-Security-Policy allows
only the site's own files.
"""
