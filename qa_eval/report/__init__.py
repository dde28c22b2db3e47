"""The report: stored runs as a static site.

    content           what the pages show, from runs and texts
    leaderboard_page  the leaderboard: its picture, and its table on every slice
    contested_page    where the sources disagree, and whose claims the models make
    page_views        what the other pages show, as plain values
    html              from values to pages, by the templates in `pages/`
    charts            charts by matplotlib, each with the table of its numbers
    marked_text       a text with golds and answers marked
    report_files      from runs to the files of a report
    site              the files on disk, whole or not at all

The site needs no network and no server. Its tables and charts are in the HTML; a script only sorts and
filters them. Everything that comes from data is escaped, and a Content-Security-Policy allows only the
site's own files.
"""
