"""Text for the terminal: escaping, widths, colours, progress."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from qa_eval.records import Span
from qa_eval.text.grid import draw_grid
from qa_eval.text.markdown import markdown_code, markdown_text
from qa_eval.text.passages import Mark, draw_passages, wrap_text
from qa_eval.text.progress import TerminalProgress
from qa_eval.text.short_names import shortened_apart
from qa_eval.text.terminal import clean, safe_json, terminal_width, write_lines
from qa_eval.text.wide_table import (
    Board,
    BoardRow,
    Cell,
    Column,
    draw_board,
    draw_every_column,
)

LABELS = ("balanced F1", "EM", "F1", "F1-any", "match", "EM-any", "contrast consistency")
FIRST = 5


def board_row(name: str, *values: str, **changes: object) -> BoardRow:
    cells = tuple(Cell(value=v, interval="12.3–45.6") for v in values or ("34.5",) * len(LABELS))
    row = BoardRow(name=name, cells=cells, rank="1", counts=("212", "98", "0"))
    return replace(row, **changes)  # type: ignore[arg-type]


def board(*names: str) -> Board:
    rows = tuple(board_row(name, rank=str(n + 1)) for n, name in enumerate(names or ("embedded", "other")))
    return Board(
        title="a run",
        columns=tuple(
            Column(label=label, group="Answers" if n < 3 else "Others") for n, label in enumerate(LABELS)
        ),
        rows=(rows[0], *(replace(r, difference=Cell(value="−5.2", interval="−9.1…−1.3")) for r in rows[1:])),
        references=(board_row("reference:oracle", rank="", brief=True),),
        first_columns=FIRST,
        counts=("answered", "abstained", "errors"),
        caption=("62 facts, 24 contested", "95 % intervals"),
    )


def lines(board: Board, width: int) -> list[str]:
    return [line.plain for line in draw_board(board, width)]


def line_of(name: str, board: Board, width: int) -> str:
    (line,) = [line for line in lines(board, width) if name in line]
    return line


# ------------------------------------------------------------------------------------------ widths


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 140, 200, 250])
@pytest.mark.parametrize(
    "name", ["embedded", "hf:an-organisation/with-a-very-long-model-name@0123456789", "模型" * 20]
)
def test_no_line_is_wider_than_the_terminal(width: int, name: str) -> None:
    for draw in (draw_board, draw_every_column):
        for line in draw(board(name, "other"), width):
            assert cell_len(line.plain) <= width, line.plain


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_from_80_columns_on_the_first_columns_are_shown_on_one_line_a_model(width: int) -> None:
    line = line_of("embedded", board(), width)
    assert line.count("34.5") >= FIRST
    assert "34.5 12.3–45.6" in line
    assert "no room" not in "\n".join(lines(board(), width))


@pytest.mark.parametrize(
    ("width", "more"),
    [
        pytest.param(80, [], id="the first columns"),
        pytest.param(100, ["−5.2 −9.1…−1.3"], id="and the difference"),
        pytest.param(160, ["−5.2 −9.1…−1.3", "212", "98"], id="and the counts"),
    ],
)
def test_wider_terminals_show_more(width: int, more: list[str]) -> None:
    line = line_of("other", board("embedded-with-a-longer-name", "other"), width)
    for shown in ("−5.2 −9.1…−1.3", "212", "98"):
        assert (shown in line) == (shown in more), line


def test_on_the_widest_terminals_every_value_has_its_interval() -> None:
    assert line_of("embedded", board(), 230).count("34.5 12.3–45.6") == len(LABELS)


def test_first_columns_that_do_not_fit_are_named_under_the_table() -> None:
    assert "no room at this width for: F1-any, match" in lines(board("baseline:sliding-window"), 56)


def test_every_column_is_drawn_in_tables_of_their_own() -> None:
    drawn = [line.plain for line in draw_every_column(board(), 60)]
    assert drawn.count("Answers") == 2, "two columns fit, and the third has a table under the same title"
    assert sum(line.count("34.5 12.3–45.6") for line in drawn if "embedded" in line) == len(LABELS)
    for count in ("212", "98"):
        assert sum(line.split().count(count) for line in drawn if "embedded" in line) == 1


@pytest.mark.parametrize("width", [80, 100, 140])
def test_a_long_name_is_shortened_with_an_ellipsis_rather_than_a_number(width: int) -> None:
    row = line_of("hf:org", board("hf:organisation/" + "x" * 80), width)
    assert "…" in row
    assert row.count("34.5") >= FIRST


SERVED = [
    f"openai:gpt-{name}?base_url=https://api.example.com/v1&max_tokens=64"
    for name in ("4o", "4o-mini", "5", "5-nano")
]
"""Specs that are alike at both ends."""


@pytest.mark.parametrize("width", [16, 20, 30, 40, 80])
def test_names_that_are_cut_show_where_they_differ(width: int) -> None:
    cut = shortened_apart(SERVED, width)
    assert all(cell_len(name) <= width for name in cut)
    assert [re.findall(r"4o-m|4o\?|5-n|5\?", name) for name in cut] == [["4o?"], ["4o-m"], ["5?"], ["5-n"]]


@given(
    st.lists(st.text("ab漢", max_size=30), min_size=2, max_size=8),
    st.integers(min_value=4, max_value=24),
)
def test_different_names_stay_different_at_every_width(names: list[str], width: int) -> None:
    cut = shortened_apart(names, width)
    assert all(cell_len(name) <= width for name in cut)
    assert len(set(cut)) == len(set(names))


def test_a_narrow_grid_keeps_the_column_of_names_and_tells_them_apart() -> None:
    rows = [(str(rank), name, "12.3", "x" * 30) for rank, name in enumerate(SERVED, 1)]
    drawn = [line.plain for line in draw_grid(("rank", "model", "EM", "else"), rows, 40, left=2, names=1)]
    assert drawn[0].split() == ["rank", "model", "EM"]
    assert all(len(line) <= 40 for line in drawn)
    assert len({line.split()[1] for line in drawn[1:]}) == len(SERVED)
    assert all(line.endswith("12.3") for line in drawn[1:])


def test_a_failed_row_says_why_and_has_no_numbers() -> None:
    failed = BoardRow(name="hf:a/b", cells=(), failure="failed: no tokenizer")
    drawn = lines(replace(board(), rows=(board_row("embedded"), failed)), 120)
    assert any(line.split() == ["hf:a/b", "failed:", "no", "tokenizer"] for line in drawn)


def test_references_stand_apart_under_their_own_heading_without_intervals() -> None:
    drawn = lines(board(), 120)
    at = drawn.index("not ranked")
    assert drawn[at - 1] == ""
    assert "oracle" in drawn[at + 1]
    assert "12.3" not in drawn[at + 1]


def test_a_board_without_rows_has_only_its_heading() -> None:
    assert lines(replace(board(), rows=(), references=()), 80)[0] == "a run"


def test_the_verdict_stands_over_the_table() -> None:
    assert lines(replace(board(), verdict="embedded leads."), 80)[:3] == ["a run", "embedded leads.", ""]


@pytest.mark.parametrize(
    ("ranks", "parted_before"),
    [
        pytest.param(("1", "2", "3"), [], id="each model has a rank of its own"),
        pytest.param(("1", "1", "3"), ["c"], id="two share the first"),
        pytest.param(("1", "2", "2"), ["b"], id="two share the second"),
        pytest.param(("1", "1", "1"), [], id="all share one"),
        pytest.param(("", "", ""), [], id="no ranks"),
    ],
)
def test_a_dotted_line_parts_groups_of_models_that_share_a_rank(
    ranks: tuple[str, ...], parted_before: list[str]
) -> None:
    rows = tuple(board_row(f"model-{name}", rank=rank) for name, rank in zip("abc", ranks, strict=True))
    drawn = lines(replace(board(), rows=rows, references=()), 80)
    found = [after for line, after in pairwise(drawn) if set(line) == {"┄"}]
    assert [next(name for name in "abc" if f"model-{name}" in line) for line in found] == parted_before
    shares = len(set(ranks)) < 3 and all(ranks)
    assert any("share a rank: these items do not separate them" in line for line in drawn) == shares


def test_the_best_values_are_bold() -> None:
    best = replace(board(), rows=(board_row("m", rank="2"), replace(board_row("n", rank="2"), cells=(
        Cell(value="50.0", best=True), *board_row("n").cells[1:],
    ))))  # fmt: skip
    (line,) = [line for line in draw_board(best, 120) if "50.0" in line.plain]
    assert [line.plain[s.start : s.end] for s in line.spans if s.style == "bold"] == ["50.0"]


# ------------------------------------------------------------------------------------------ hostile text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain – text", "plain – text", id="typographic characters stay"),
        pytest.param("\x1b[2J\x1b[31m", "\\x1b[2J\\x1b[31m", id="ansi escape"),
        pytest.param("a\x9b31m", "a\\x9b31m", id="C1 control"),
        pytest.param("a\rb\nc\td", "a\\rb\\nc\\td", id="line control"),
        pytest.param("\x07\x00\x7f", "\\x07\\x00\\x7f", id="bell, nul, delete"),
        pytest.param("\u202egnp.exe", "\\u202egnp.exe", id="direction override"),
        pytest.param("\ud800", "\\ud800", id="lone surrogate"),
        pytest.param("[red]no markup[/red]", "[red]no markup[/red]", id="markup is text"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_text_from_data_cannot_steer_the_terminal(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_a_hostile_model_name_is_shown_escaped_and_not_as_markup() -> None:
    out = io.StringIO()
    write_lines(out, draw_board(board("\x1b[31mevil[bold]x[/bold]"), 120))
    assert "\x1b" not in out.getvalue()
    assert "\\x1b[31mevil[bold]x[/bold]" in out.getvalue()


def test_json_is_the_same_value_without_anything_that_steers_a_terminal() -> None:
    value = {"a": "\x9b31m \x7f \u202e é \ud800"}
    text = safe_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value
    assert not set(text) & set("\x9b\x7f\u202e\ud800")
    assert "é" in text


# ------------------------------------------------------------------------------------------ streams


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_piped_output_is_plain() -> None:
    out = io.StringIO()
    write_lines(out, draw_board(board(), 120))
    assert "\x1b" not in out.getvalue()


def test_a_terminal_gets_styles_and_no_colour_under_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    warned = replace(board(), notes=("look out",))
    coloured, uncoloured = Terminal(), Terminal()
    write_lines(coloured, draw_board(warned, 120))
    monkeypatch.setenv("NO_COLOR", "1")
    write_lines(uncoloured, draw_board(warned, 120))
    assert "\x1b[33mlook out" in coloured.getvalue()
    assert "look out" in uncoloured.getvalue()
    assert "\x1b[33m" not in uncoloured.getvalue()


def test_long_lines_are_not_wrapped_by_the_writer() -> None:
    out = io.StringIO()
    write_lines(out, ["x" * 500])
    assert out.getvalue() == "x" * 500 + "\n"


def test_a_stream_that_knows_only_ascii_gets_ascii_of_equal_width() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    write_lines(stream, draw_board(board(), 120))
    text = raw.getvalue().decode("ascii")
    assert "12.3-45.6" in text
    assert "D to first" in text
    assert {cell_len(line) for line in text.splitlines() if set(line) == {"-"}} == {
        cell_len(line.plain) for line in draw_board(board(), 120) if set(line.plain) == {"─"}
    }


@pytest.mark.parametrize(("columns", "width"), [("132", 132), ("0", 100), ("x", 100), ("", 100)])
def test_the_width_is_what_columns_says_else_100(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(_: int) -> None:
        raise OSError

    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("os.get_terminal_size", nowhere)
    assert terminal_width(io.StringIO()) == width


# ------------------------------------------------------------------------------------------ passages


ARTICLE = "Title\n\nFirst it began. " + "word " * 60 + "around 180 men fell. " + "word " * 60 + "\n\nThe end."


def gold(text: str) -> Mark:
    start = ARTICLE.index(text)
    return Mark(span=Span(start, start + len(text)), opening="«", closing="»", style="green")


def answer(text: str) -> Mark:
    return replace(gold(text), opening="⟦", closing="⟧", style="bold")


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        pytest.param([gold("around 180")], "«around 180» men", id="gold"),
        pytest.param([gold("around 180"), answer("around 180")], "⟪around 180⟫ men", id="the same"),
        pytest.param([gold("around 180"), answer("180")], "«around» ⟪180⟫ men", id="inside"),
        pytest.param([gold("180"), answer("around 180 men")], "⟦around⟧ ⟪180⟫ ⟦men⟧ fell", id="around"),
        pytest.param([gold("around 180"), answer("180 men")], "«around» ⟪180⟫ ⟦men⟧ fell", id="overlapping"),
        pytest.param(
            [gold("around 180"), gold("180"), gold("180 men")], "«around 180 men» fell", id="golds in golds"
        ),
    ],
)
def test_gold_and_answer_are_bracketed_in_their_passage_without_nesting(
    marks: list[Mark], expected: str
) -> None:
    text = " ".join(line.plain for line in draw_passages(ARTICLE, marks, 80))
    assert expected in text
    assert text.startswith("… ")
    assert text.endswith(" …")


def test_a_passage_does_not_leave_its_paragraph() -> None:
    text = "\n".join(line.plain for line in draw_passages(ARTICLE, [gold("The end")], 80))
    assert text == "… «The end»."


def test_places_far_apart_are_passages_of_their_own() -> None:
    drawn = [line.plain for line in draw_passages(ARTICLE, [gold("First"), gold("180")], 400)]
    assert len(drawn) == 2


def test_passages_are_wrapped_and_indented() -> None:
    for line in draw_passages(ARTICLE, [gold("around 180")], 60, "    "):
        assert line.plain.startswith("    ")
        assert cell_len(line.plain) <= 60


def test_the_first_of_hanging_lines_has_room_for_as_much_as_the_others() -> None:
    lines = wrap_text(Text("gold  " + "word " * 20), 40, "  ", " " * 6)
    assert lines[0].plain == "  gold  word word word word word word"
    assert lines[1].plain == "        word word word word word word"
    assert " ".join(line.plain for line in lines).split() == ["gold", *["word"] * 20]


def test_marks_outside_the_text_are_ignored() -> None:
    wild = Mark(span=Span(5, 10**6), opening="«", closing="»", style="")
    assert "«" not in "".join(line.plain for line in draw_passages(ARTICLE, [wild], 80))


def test_an_article_cannot_steer_the_terminal() -> None:
    hostile = "one \x1b[31m two"
    drawn = draw_passages(hostile, [Mark(span=Span(0, 3), opening="«", closing="»", style="")], 80)
    assert drawn[0].plain == "«one» \\x1b[31m two"


# ------------------------------------------------------------------------------------------ Markdown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("@all", "@<!-- -->all", id="calls nobody"),
        pytest.param(".@a/b é@c", ".@<!-- -->a/b é@<!-- -->c", id="nor after an accent"),
        pytest.param("dead@a", "dead@a", id="the name of an item calls nobody"),
        pytest.param("see #12 or # 3", "see #<!-- -->12 or # 3", id="refers to no issue"),
        pytest.param("http://e.org", "http:<!-- -->//e.org", id="links nowhere"),
        pytest.param("WWW.e.org", "WWW<!-- -->.e.org", id="nor without a scheme"),
        pytest.param("&lt; $x$ ~~y~~", r"\&lt; \$x\$ \~\~y\~\~", id="no entity, formula or stroke"),
        pytest.param("Over 400 – «über» 北京", "Over 400 – «über» 北京", id="what people read stays"),
    ],
)
def test_a_sentence_in_markdown_is_shown_literally(text: str, shown: str) -> None:
    assert markdown_text(text) == shown


def test_code_in_markdown_keeps_what_people_read() -> None:
    assert markdown_code("Over 400 – «über» 北京") == "<code>Over 400 – «über» 北京</code>"


# ------------------------------------------------------------------------------------------ progress


def test_without_a_terminal_progress_is_one_plain_line_a_model() -> None:
    out = io.StringIO()
    progress = TerminalProgress(out)
    progress.start(2)
    for name in ("embedded", "evil\x1b[31m"):
        progress.model(name, 1310)
        progress.advance(1310)
    progress.finish()
    assert out.getvalue() == "1/2 embedded: 1,310 to answer\n2/2 evil\\x1b[31m: 1,310 to answer\n"


def test_without_a_terminal_a_line_tells_how_many_answers_came_from_the_cache() -> None:
    out = io.StringIO()
    progress = TerminalProgress(out)
    progress.start(2)
    for name in ("embedded", "other"):
        progress.model(name, 1310)
        progress.advance(1200, True)
        progress.advance(110)
    progress.finish()
    assert out.getvalue().splitlines() == [
        "1/2 embedded: 1,310 to answer",
        "1/2 embedded: 1,200 of 1,310 from cache",
        "2/2 other: 1,310 to answer",
        "2/2 other: 1,200 of 1,310 from cache",
    ]


def test_the_workers_of_a_cluster_have_a_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal, plain = Terminal(), io.StringIO()
    for out in (terminal, plain):
        progress = TerminalProgress(out)
        progress.start(1)
        progress.model("embedded", 7)
        for worker, n in (("one/12", 4), ("two/7", 2), ("one/12", 1)):
            progress.worker(worker, n)
        progress.finish()
    assert (
        plain.getvalue() == "1/1 embedded: 7 to answer\nworker one/12: 5 answered\nworker two/7: 2 answered\n"
    )
    assert "one/12" in terminal.getvalue()
    assert "two/7" in terminal.getvalue()


def test_on_a_terminal_progress_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    progress = TerminalProgress(out)
    progress.start(1)
    progress.model("embedded", 310)
    progress.advance(200, True)
    progress.advance(110, False)
    progress.finish()
    assert "310/310" in out.getvalue()
    assert re.search(r"[\d,]+\.\d/s, 200 from cache", out.getvalue())
    assert "intervals and ranks" in out.getvalue()
    assert "intervals and ranks" not in out.getvalue().splitlines()[-1]


def test_every_model_has_a_bar_of_its_own_with_rate_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    out = Terminal()
    progress = TerminalProgress(out)
    progress.start(2)
    for name in ("embedded", "other"):
        progress.model(name, 30)
        progress.advance(10)
        progress.advance(20)
    progress.finish()
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue()).splitlines()[-3:]
    bars = [line for line in last if "30/30" in line]
    assert [line.split()[1] for line in bars] == ["embedded", "other"]
    assert all("/s" in line and re.search(r"\d:\d\d:\d\d", line) for line in bars)
