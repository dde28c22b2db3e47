"""Any bytes as a question file or as exemptions: the checks end with findings, and `--fix` is stable.

    pip install atheris
    python -m tests.benchmarks.fuzzing [-max_total_time=600] [CORPUS_FOLDER]

Coverage-guided, beside the random bytes of the tests. A failure leaves the input in `crash-…`; the last line
says how many inputs were run.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["qa_eval"]):
    from qa_eval.authoring.canonical_lines import fix_lines
    from qa_eval.authoring.check import annotation, finding_line
    from qa_eval.data.checks.check_report import check_questions

from tests.support.small_corpus import ARTICLES, FALL, LOSSES, write_corpus

SEEDS = [
    b"Q" + "".join(json.dumps(row) + "\n" for row in (FALL, LOSSES)).encode(),
    b'E[[exemption]]\ncheck = "silent-occurrence"\nfact = "fall-of-town"\narticle = "gamma"\nreason = "x"\n',
]


def try_input(folder: Path, data: bytes) -> None:
    """The first byte says which file the others are."""
    exemptions, contents = data[:1] == b"E", data[1:]
    (folder / "questions" / "facts.jsonl").write_bytes(SEEDS[0][1:] if exemptions else contents)
    (folder / "questions" / "exemptions.toml").write_bytes(contents if exemptions else b"")
    report = check_questions([folder / "questions"], folder / "seeds")
    lines = contents.split(b"\n")
    for finding in report.findings:
        assert finding_line(finding).isprintable(), finding
        assert "\n" not in annotation(finding)
        if finding.column is not None and finding.path.endswith("facts.jsonl") and not exemptions:
            text = lines[(finding.line or 0) - 1].decode("utf-8", "replace")
            assert 1 <= finding.column <= len(text) + 1, finding
    fixed, _ = fix_lines(contents, ARTICLES)
    assert fix_lines(fixed, ARTICLES) == (fixed, ())
    if not report.errors and not exemptions:
        (folder / "questions" / "facts.jsonl").write_bytes(fixed)
        assert not check_questions([folder / "questions"], folder / "seeds").errors


def main() -> None:
    with TemporaryDirectory() as place, TemporaryDirectory() as seeds:
        folder = Path(place)
        write_corpus(folder)
        for number, seed in enumerate(SEEDS):
            Path(seeds, str(number)).write_bytes(seed)
        atheris.Setup([*sys.argv, seeds], lambda data: try_input(folder, data))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
