"""Hostile contributions: what `qa-eval questions check`, also with `--fix`, takes for each.

    python -m tests.benchmarks.hostile [NAME…]

Makes each input in a temporary folder, runs the command in a process of its own, and prints processor
seconds, peak memory, exit code and the first finding. An exit code other than 0 and 1, or a file that changed
outside the question folder, ends it with an error.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

from tests.support.small_corpus import ARTICLES, FALL, fact, settled, write_articles, write_corpus

Maker = Callable[[Path], None]


def facts(folder: Path, rows: Iterator[dict[str, Any]], articles: dict[str, str] | None = None) -> None:
    write_corpus(folder, list(rows), articles)


def raw(folder: Path, *parts: tuple[bytes, int]) -> None:
    """A question file of byte strings, each written so many times."""
    write_corpus(folder)
    with (folder / "questions" / "facts.jsonl").open("wb") as file:
        for part, times in parts:
            for _ in range(times // 1000):
                file.write(part * 1000)
            file.write(part * (times % 1000))


NUMBERS = ARTICLES | {"delta": " ".join(str(n) for n in range(1000, 1100))}


def claims(number: int, aliases: int, length: int) -> list[dict[str, Any]]:
    """Claims that no check refuses, with aliases that the rules for numbers take long to read."""
    return [
        {
            "id": f"c{n}",
            "aliases": [f"{n + 2000} " + "1 " * length + str(m) for m in range(aliases)],
            "evidence": [{"article": "delta", "text": str(1000 + n)}],
        }
        for n in range(number)
    ]


def alike(folder: Path) -> None:
    facts(
        folder,
        (settled(f"f-{n}", f"Where did caravan {n} rest at night?", gamma="rain") for n in range(20_000)),
    )


def shuffled(folder: Path) -> None:
    words, chance = [f"w{n}" for n in range(12)], random.Random(0)
    facts(
        folder, (settled(f"f-{n}", " ".join(chance.sample(words, 12)), gamma="rain") for n in range(20_000))
    )


def same(folder: Path) -> None:
    facts(folder, (settled(f"f-{n}", "Where did the caravan rest?", gamma="rain") for n in range(20_000)))


def numbers(folder: Path, count: int, *size: int) -> None:
    rows = (
        settled(f"f-{n}", f"Question {n * 7}?") | {"answer_type": "number", "claims": claims(*size)}
        for n in range(count)
    )
    facts(folder, rows, NUMBERS)


def paraphrases(folder: Path) -> None:
    def row(n: int) -> dict[str, Any]:
        texts = [f"{n} {m} " + "word " * 150 + str(m) for m in range(50)]
        return settled(f"f-{n}", f"Question {n}?", gamma="rain") | {"paraphrases": texts}

    facts(folder, map(row, range(1000)))


def offsets(folder: Path) -> None:
    """Texts that are not where they are said to be, in articles as long as they may be."""
    spans = [{"article": "long", "text": "a" * 400 + "b", "start": n} for n in range(2000)]
    facts(
        folder,
        (
            settled(f"f-{n}", f"Question {n}?") | {"claims": [{"id": "c", "evidence": spans}]}
            for n in range(20)
        ),
        ARTICLES | {"long": "a" * 999_000},
    )


def silent(folder: Path) -> None:
    """Many articles, each silent, with a word that is everywhere."""
    texts = {f"a{n}": "rain and sun " * 800 for n in range(1000)} | {"gamma": ARTICLES["gamma"]}
    facts(folder, (settled(f"f-{n}", f"Question {n * 7}?", gamma="rain") for n in range(300)), texts)


def shapes(folder: Path) -> None:
    raw(folder, (b'{"id": 1, ' + b", ".join(b'"k%d": 1' % n for n in range(90)) + b"}\n", 49_000))


def files(folder: Path) -> None:
    write_corpus(folder)
    for number in range(2000):
        (folder / "questions" / f"f{number}.jsonl").write_bytes(b"{}\n" * 10)


def large_files(folder: Path) -> None:
    write_corpus(folder)
    for number in range(20):
        (folder / "questions" / f"f{number}.jsonl").write_bytes((b'{"id": "' + b"x" * 900 + b'"}\n') * 10_000)


def long_article(folder: Path) -> None:
    write_corpus(folder)
    (folder / "seeds" / "gamma.txt").write_bytes(b"word " * 20_000_000)


def many_articles(folder: Path) -> None:
    write_corpus(folder)
    write_articles(folder / "seeds", {f"a{n}": "text" for n in range(20_000)})


def exemptions(folder: Path, text: str, times: int) -> None:
    write_corpus(folder)
    with (folder / "questions" / "exemptions.toml").open("w", encoding="utf-8") as file:
        for number in range(times):
            file.write(text.replace("N", str(number)))


def link(folder: Path, place: str) -> None:
    """One file of the set leads to a file beside it."""
    write_corpus(folder)
    (folder / "outside").write_bytes(b'{"secret": 1}\n')
    path = folder / place
    path.unlink(missing_ok=True)
    path.symlink_to(folder / "outside")


EXEMPTION = '[[exemption]]\ncheck = "near-duplicate"\nfact = "fN"\nother = "x"\nreason = "x"\n'
CASES: dict[str, Maker] = {
    "a line of 100 MB": lambda f: raw(f, (json.dumps(FALL).encode() + b"\n", 1), (b"x", 100_000_000)),
    "a million lines": lambda f: raw(f, (b"{}\n", 1_000_000)),
    "200,000 levels": lambda f: raw(f, (b'{"id": ', 1), (b"[", 200_000), (b"]", 200_000), (b"}\n", 1)),
    "1 MB of keys that are unknown": lambda f: raw(
        f, (b"{" + b", ".join(b'"k%d": 1' % n for n in range(70_000)) + b"}\n", 1)
    ),
    "1 MB of one key": lambda f: raw(f, (b"{", 1), (b'"key": 1, ', 90_000), (b'"key": 1}\n', 1)),
    "1 MB of NaN": lambda f: raw(f, (b'{"id": [', 1), (b"NaN,", 240_000), (b"1]}\n", 1)),
    "one key of 1 MB of dots": lambda f: raw(f, (b'{"', 1), (b".", 900_000), (b'": 1}\n', 1)),
    "49,000 lines of 90 wrong keys": shapes,
    "2,000 files": files,
    "180 MB in 20 files": large_files,
    "20,000 alike questions": alike,
    "20,000 questions of the same words": shuffled,
    "20,000 times the same question": same,
    "a fact of 50 claims of 50 long aliases": lambda f: numbers(f, 1, 50, 50, 130),
    "60 facts of 10 claims of 5 long aliases": lambda f: numbers(f, 60, 10, 5, 100),
    "1,000 facts of 50 long paraphrases": paraphrases,
    "40,000 wrong offsets in 1 MB": offsets,
    "300 facts, 1,000 silent articles": silent,
    "an article of 100 MB": long_article,
    "20,000 articles": many_articles,
    "100 MB of exemptions": lambda f: exemptions(f, "#" * 1000 + "\n", 100_000),
    "12,000 exemptions": lambda f: exemptions(f, EXEMPTION, 12_000),
    "TOML of 200,000 levels": lambda f: exemptions(f, "x = " + "[" * 200_000, 1),
    "questions that are a link": lambda f: link(f, "questions/x.jsonl"),
    "a manifest that is a link": lambda f: link(f, "seeds/articles.jsonl"),
    "an article that is a link": lambda f: link(f, "seeds/gamma.txt"),
    "exemptions that are a link": lambda f: link(f, "questions/exemptions.toml"),
    "control characters and an id that is a path": lambda f: facts(
        f, iter([fact(FALL, id="../x", question="Wh\x1b[31mo\u202e?", note="\x07")])
    ),
}


def measured(folder: Path, *flags: str) -> tuple[float, float, int, str]:
    """Processor seconds, peak megabytes, exit code and first line of one check."""
    data = ["--questions", str(folder / "questions"), "--articles", str(folder / "seeds")]
    call = [sys.executable, "-m", "qa_eval", "questions", "check", *flags, *data]
    with TemporaryFile() as out:
        pid = os.posix_spawn(
            call[0],
            call,
            dict(os.environ),
            file_actions=[(os.POSIX_SPAWN_DUP2, out.fileno(), 1), (os.POSIX_SPAWN_DUP2, out.fileno(), 2)],
        )
        _, status, usage = os.wait4(pid, 0)
        out.seek(0)
        first = out.readline().decode().strip().replace(f"{folder}/", "")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status), first


def main() -> None:
    chosen = sys.argv[1:] or list(CASES)
    print(f"{'input':44} {'check s':>8} {'MB':>6} {'--fix s':>8} {'MB':>6}  exit  first finding")
    for name in chosen:
        with TemporaryDirectory() as place:
            folder = Path(place).resolve()
            CASES[name](folder)
            before = outside(folder)
            check, fix = measured(folder), measured(folder, "--fix")
            changed = outside(folder) != before
        seconds = f"{check[0]:8.1f} {check[1]:6.0f} {fix[0]:8.1f} {fix[1]:6.0f}"
        print(f"{name:44} {seconds}  {check[2]:4}  {check[3][:150]}", flush=True)
        if not {check[2], fix[2]} <= {0, 1} or changed:
            sys.exit(f"{name}: exit codes {check[2]} and {fix[2]}; changed outside: {changed}")


def outside(folder: Path) -> dict[Path, int]:
    """When each file that is no question file was written."""
    places = (p for p in folder.rglob("*") if p.is_file() and p.parent.name != "questions")
    return {place: place.stat().st_mtime_ns for place in places}


if __name__ == "__main__":
    main()
