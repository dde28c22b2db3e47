"""The pictures of README and site: pages of the report on the committed run, in a light and a dark form.

    python -m tests.support.pictures docs/pictures

Needs chromium. The pictures are made again whenever the pages change; no test compares them.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.support.command_line import done
from tests.support.places import BASELINE

WIDTH, HEIGHT = 1200, 760
PICTURES = (
    ("leaderboard-light", "index.html", "light"),
    ("leaderboard-dark", "index.html", "dark"),
    ("contested", "contested.html", "light"),
)
"""Name of the picture, page of the report, color scheme."""


def main(folder: Path, pictures: Sequence[tuple[str, str, str]] = PICTURES) -> int:
    """Writes the pictures; returns the exit code."""
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser_path is None:
        sys.stderr.write("pictures: there is no chromium here\n")
        return 2
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        done("report", BASELINE, "--out", Path(place, "report"))
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for name, page_name, scheme in pictures:
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(Path(place, "report", page_name).as_uri())
            page.wait_for_load_state("networkidle")
            page.screenshot(path=folder / f"{name}.png")
            sys.stdout.write(f"{folder / name}.png\n")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
