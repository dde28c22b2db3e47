"""`qa-eval report`: stored runs as a static site, to be looked at instead of JSON.

    runs, texts --gather--> Evidence --pages--> {path: text} --write_site--> a folder

The site needs no network and no server. Its tables and charts stand in the HTML; a script only sorts and
filters them. Everything that comes from data is escaped, and a Content-Security-Policy forbids all but the
site's own files.
"""

from __future__ import annotations

from qa_eval.report.building import Built, build_report
from qa_eval.report.gathering import MOST_QUESTIONS
from qa_eval.report.site import write_charts, write_site

__all__ = ["MOST_QUESTIONS", "Built", "build_report", "write_charts", "write_site"]
