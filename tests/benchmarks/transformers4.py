"""What is read here, compared with transformers 4.57: tokens, types, answers, scores and null scores.

    python -m tests.benchmarks.transformers4                # all, and writes docs/trust/transformers4.md
    python -m tests.benchmarks.transformers4 --only bert albert

Most checkpoints were trained and published with transformers 4. Version 4.57 runs as a process in an
environment of its own (`--environment`; made with pip if it is not there, with the torch that runs here).
There it builds a tiny random checkpoint of each architecture that both versions know, saved by the
architecture's tokenizer class. Both then read forty difficult texts: 4.57 with its tokenizer, its model and a
search over all spans in loops, and with its pipeline; this version with `qa_eval`.

Exit code 1: something differs that `EXPLAINED` does not explain, or an explanation explains nothing.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import subprocess
import sys
import tempfile
import textwrap
import venv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from qa_eval.errors import ModelError
from qa_eval.files.paths import cache_folder
from qa_eval.models.checkpoint.architectures import UNSUPPORTED
from qa_eval.models.checkpoint.tokenizer_files import PROBES
from qa_eval.models.reading.windows import Window
from qa_eval.models.registry import resolve
from qa_eval.records import Decoding, Instance, Prediction, Runtime
from tests.benchmarks.peers import PEER
from tests.support import tiny_architectures
from tests.support.tiny_models import SEEDS

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "trust" / "transformers4.md"
QUESTION = "Who took the city back, and when?"
DECODING = Decoding(max_length=96, doc_stride=16, max_answer_tokens=12, n_best=5)
CLOSE = 1e-3
"""How far scores may be apart; they are of the size of 10."""

OVERRIDES = {"reformer": {"pad_token_id": 0}}
"""What 4.57 wants of a configuration beyond what this version wants."""
PIECES: dict[str, tuple[str, dict[str, Any]]] = {
    "albert": ("spiece.model", {"unk_id": 1, "bos_id": -1, "eos_id": -1, "pad_id": 0}),
    "big_bird": ("spiece.model", {"unk_id": 3, "bos_id": 2, "eos_id": 1, "pad_id": 0}),
    "camembert": ("sentencepiece.bpe.model", {"unk_id": 0, "bos_id": 1, "eos_id": 2}),
    "deberta-v2": ("spm.model", {"unk_id": 3, "bos_id": 1, "eos_id": 2, "pad_id": 0}),
    "fnet": ("spiece.model", {"unk_id": 1, "bos_id": -1, "eos_id": -1, "pad_id": 0}),
    "mbart": ("sentencepiece.bpe.model", {"unk_id": 0, "bos_id": 1, "eos_id": 2}),
    "mt5": ("spiece.model", {"unk_id": 2, "bos_id": -1, "eos_id": 1, "pad_id": 0}),
    "nystromformer": ("spiece.model", {"unk_id": 1, "bos_id": -1, "eos_id": -1, "pad_id": 0}),
    "reformer": ("spiece.model", {"unk_id": 2, "bos_id": -1, "eos_id": 1, "pad_id": 0}),
    "rembert": ("sentencepiece.model", {"unk_id": 1, "bos_id": 2, "eos_id": 3, "pad_id": 0}),
    "t5": ("spiece.model", {"unk_id": 2, "bos_id": -1, "eos_id": 1, "pad_id": 0}),
    "xlm-roberta": ("sentencepiece.bpe.model", {"unk_id": 0, "bos_id": 1, "eos_id": 2}),
    "xlm-roberta-xl": ("sentencepiece.bpe.model", {"unk_id": 0, "bos_id": 1, "eos_id": 2}),
    "xlnet": ("spiece.model", {"unk_id": 0, "bos_id": 1, "eos_id": 2}),
    "xmod": ("sentencepiece.bpe.model", {"unk_id": 0, "bos_id": 1, "eos_id": 2}),
    "yoso": ("spiece.model", {"unk_id": 1, "bos_id": -1, "eos_id": -1, "pad_id": 0}),
}
"""Types that have a SentencePiece model: the name of its file, and what its trainer is given."""
_PIECES_OF_SPECIALS: dict[str, dict[str, Any]] = {
    "deberta-v2": {"pad_piece": "[PAD]", "bos_piece": "[CLS]", "eos_piece": "[SEP]", "unk_piece": "[UNK]"},
    "rembert": {"bos_piece": "[CLS]", "eos_piece": "[SEP]", "control_symbols": ["[MASK]"]},
    "xlnet": {"control_symbols": ["<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>"]},
    **{
        kind: {"control_symbols": ["[CLS]", "[SEP]", "[MASK]"]}
        for kind in ("albert", "big_bird", "fnet", "nystromformer", "yoso")
    },
}

_XLM = """4.57 feeds token types to a model that has none: the model adds the embeddings of the words with
the ids 0 and 1 to all words. Here a model without a table of types is given none."""
_YOSO = """4.57 fails: its tokenizer gives token type 1, and the model knows only type 0. Here a model with
one type is given none."""
_BIG_BIRD = """The tokenizer class in 4.57 gives no types. The model then makes them by itself: 0 up to the
first separator, 1 behind it. These are the types of the template, which the model is given here."""
_UNKNOWN = """One text has `<unk>` in it, after a space. 4.57 keeps a token for the space; here the flags of
the token that transformers 5 gives the class take it away."""
_T5 = """4.57 saved `add_prefix_space` as null. Where tokenizer.json is missing it takes null for false, and
puts no sign for a space before the first word. Here null says nothing. The sign is there, as in the
tokenizer.json that the class made from the same model."""
EXPLAINED = {
    "big_bird": _BIG_BIRD,
    "big_bird (spiece.model)": f"{_BIG_BIRD} {_UNKNOWN}",
    "flaubert": _XLM,
    "xlm": _XLM,
    "yoso": _YOSO,
    "yoso (spiece.model)": _YOSO,
    "t5 (spiece.model)": _T5,
    "mt5 (spiece.model)": _T5,
}
"""Row -> why it differs from 4.57, where it does."""


@dataclass(slots=True)
class Compared:
    """One type, read by both."""

    row: str
    """The type; behind it the SentencePiece model, where that is the only vocabulary."""
    tokenizer: str
    """The class by which 4.57 loads it."""
    error: str | None = None
    note: str | None = None
    """What `qa_eval` says of what this version of transformers would build."""
    same: dict[str, int] = field(default_factory=dict)
    """Column -> texts that came out the same."""
    of: dict[str, int] = field(default_factory=dict)
    """Column -> texts that could be compared."""
    apart: float = 0.0
    """The greatest difference of two scores of the same answer, or of two null scores."""

    def differs(self) -> bool:
        return self.error is not None or any(self.same[c] != self.of[c] for c in COLUMNS[:-1])


COLUMNS = ("tokens", "types", "answers", "scores", "null scores", "pipeline")


def main() -> int:
    chosen = arguments()
    torch.set_num_threads(1)  # of matrices this small, threads share at a loss
    worker = Worker(chosen.environment)
    theirs = worker.ask("kinds")["kinds"]
    kinds = [k for k in tiny_architectures.TYPES if k in theirs and k not in UNSUPPORTED]
    kinds = [k for k in kinds if not chosen.only or k in chosen.only]
    found, alone = [], []
    with tempfile.TemporaryDirectory() as root:
        for kind in kinds:
            folder = Path(root) / kind
            found.append(compared(worker, kind, folder))
            print(table(found)[-1], file=sys.stderr)
            if kind in PIECES:
                (folder / "tokenizer.json").unlink()
                alone.append(reread(worker, f"{kind} ({PIECES[kind][0]})", folder))
                print(table(alone)[-1], "alone", file=sys.stderr)
    for row in table([*found, *alone]):
        print(row)
    if not chosen.only:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(document(found, alone), "utf-8")
    differ = {row.row for row in (*found, *alone) if row.differs()}
    unexplained = sorted(differ - set(EXPLAINED))
    stale = sorted(set(EXPLAINED) & {row.row for row in (*found, *alone)} - differ)
    for row in unexplained:
        print(f"not explained: {row}", file=sys.stderr)
    for row in stale:
        print(f"nothing to explain: {row}", file=sys.stderr)
    return 1 if unexplained or stale else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", nargs="+", default=(), help="these types only; writes no document")
    parser.add_argument("--environment", type=Path, default=cache_folder() / "transformers4")
    return parser.parse_args()


class Worker:
    """The process of transformers 4.57."""

    def __init__(self, folder: Path) -> None:
        python = environment(folder)
        self._process = subprocess.Popen(
            [str(python), "-P", "-W", "ignore", str(Path(__file__).with_name("transformers4_worker.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"},
        )

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do} | more) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


def environment(folder: Path) -> Path:
    """The Python of an environment with transformers 4.57, made if it is not there.

    It borrows torch from the environment that runs this: its path comes last, after the packages of its own.
    """
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        print(f"making {folder} with {PEER}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        same = [f"{name}=={version(name)}" for name in ("sentencepiece", "protobuf", "safetensors")]
        subprocess.run([str(python), "-m", "pip", "install", "-q", PEER, *same], check=True)
        (site,) = folder.glob("lib/python*/site-packages")
        (site / "zz_torch.pth").write_text(f"{Path(torch.__file__).parents[1]}\n", "utf-8")
        (folder / "ready").touch()
    return python


# ---------------------------------------------------------------------------------------- one architecture


def compared(worker: Worker, kind: str, folder: Path) -> Compared:
    """Builds the checkpoint of a type and reads it on both sides."""
    folder.mkdir()
    raw, special = tiny_architectures.tokenizer_of(kind)
    if kind in PIECES:
        train_pieces(kind, folder)
    else:
        raw.save(str(folder / "tokenizer.json"))
    built = worker.ask(
        "build",
        kind=kind,
        folder=str(folder),
        special=special,
        sizes=tiny_architectures.SIZES,
        own=tiny_architectures.OVERRIDES.get(kind, {}) | OVERRIDES.get(kind, {}),
    )
    if "error" in built:
        return Compared(kind, "", error=f"4.57 builds no checkpoint: {built['error']}")
    return reread(worker, kind, folder)


def train_pieces(kind: str, folder: Path) -> None:
    import sentencepiece

    name, options = PIECES[kind]
    lines = [line for path in sorted(SEEDS.glob("*.txt")) for line in path.read_text("utf-8").splitlines()]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([line for line in lines if line.strip()] + list(PROBES[:16])),
        model_writer=model,
        vocab_size=900,
        character_coverage=1.0,
        hard_vocab_limit=False,
        minloglevel=2,
        num_threads=1,
        **options | _PIECES_OF_SPECIALS.get(kind, {}),
    )
    (folder / name).write_bytes(model.getvalue())


def reread(worker: Worker, name: str, folder: Path) -> Compared:
    """Reads a checkpoint as it is on both sides."""
    try:
        model: Any = resolve(f"{folder}?unanswerable=true", DECODING, Runtime(batch_tokens=1))
        instances = [Instance(item=str(n), question=QUESTION, context=text) for n, text in enumerate(PROBES)]
        windows = [model.reader.windows([instance]) for instance in instances]
        ours = {prediction.item: prediction for prediction in model.predict(instances)}
    except ModelError as error:
        return Compared(name, "", error=f"refused: {str(error).removeprefix(str(folder)).lstrip(': ')}")
    theirs = worker.ask(
        "read",
        folder=str(folder),
        question=QUESTION,
        texts=list(PROBES),
        max_length=model.decoding.max_length,
        stride=DECODING.doc_stride,
        max_answer=DECODING.max_answer_tokens,
    )
    if "error" in theirs:
        return Compared(name, "", error=f"4.57 cannot read it: {theirs['error']}")
    if all("error" in text for text in theirs["texts"]):
        return Compared(name, "", error=f"4.57 fails on every text: {theirs['texts'][0]['error']}")
    takes_types = model.reader.forward()._takes_types
    # DeBERTa's models take types and make nothing of them where they have no table.
    heeds_types = json.loads((folder / "config.json").read_text("utf-8")).get("type_vocab_size") != 0
    found = Compared(name, theirs["class"], note=model.info.tokenizer_note)
    found.same, found.of = dict.fromkeys(COLUMNS, 0), dict.fromkeys(COLUMNS, 0)
    for number, text in enumerate(theirs["texts"]):
        if "error" in text and ours[str(number)].error is not None:
            continue  # a text that neither can read
        take(found, windows[number], ours[str(number)], text, takes_types=takes_types)
        if not heeds_types:
            found.of["types"] = found.same["types"] = 0
        piped = theirs["pipeline"][number]
        if piped is not None and len(windows[number]) == 1:
            found.of["pipeline"] += 1
            found.same["pipeline"] += piped == answer(ours[str(number)])
    return found


def take(
    found: Compared, windows: Sequence[Window], ours: Prediction, theirs: dict[str, Any], *, takes_types: bool
) -> None:
    """Compares one text."""

    def count(column: str, same: bool) -> None:
        found.of[column] += 1
        found.same[column] += same

    if "error" in theirs:
        theirs = {"ids": [], "types": None, "best": None, "null": None}
    count("tokens", [w.ids.tolist() for w in windows] == theirs["ids"])
    zeros = [[0] * len(ids) for ids in theirs["ids"]]
    given = [w.types.tolist() for w in windows] if takes_types else [[0] * len(w) for w in windows]
    count("types", given == (theirs["types"] or zeros))
    best = theirs["best"]
    first = ours.n_best[0] if ours.n_best else None
    count("answers", (best and best[:2]) == (first and [first.start, first.end]))
    if best and first and first.score is not None:
        found.apart = max(found.apart, abs(first.score - best[2]))
        count("scores", abs(first.score - best[2]) < CLOSE)
    if theirs["null"] is not None and ours.null_score is not None:
        found.apart = max(found.apart, abs(ours.null_score - theirs["null"]))
        count("null scores", abs(ours.null_score - theirs["null"]) < CLOSE)


def answer(ours: Prediction) -> str:
    """What is answered at threshold 0: the best span, or nothing where the null score is greater."""
    if not ours.n_best:
        return ""
    first = ours.n_best[0]
    return "" if ours.null_score is not None and ours.null_score > (first.score or 0.0) else first.text


# --------------------------------------------------------------------------------------------- the document


def table(rows: Sequence[Compared]) -> list[str]:
    lines = [
        "| type | class in 4.57 | tokens | types | answers | scores | null scores | pipeline | apart |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        if row.error:
            lines.append(f"| `{row.row}` | {row.error} |" + " |" * 7)
            continue
        cells = [f"{row.same[c]}/{row.of[c]}" if row.of[c] else "–" for c in COLUMNS]
        lines.append(f"| `{row.row}` | `{row.tokenizer}` | {' | '.join(cells)} | {row.apart:.0e} |")
    return lines


_HEAD = """
# Compared with transformers 4.57

Generated by `python -m tests.benchmarks.transformers4`.

Most checkpoints were trained and published with transformers 4. This page shows that `qa_eval` reads them as
4.57 does. In an environment with transformers 4.57.6, the script builds a tiny checkpoint with random weights
of each architecture that both versions know. The architecture's own tokenizer class saves its tokenizer. Both
sides then read forty difficult texts in windows of at most 96 tokens. The texts are `PROBES` in
`qa_eval/models/checkpoint/tokenizer_files.py`: emoji, Arabic, Thai, no-break spaces, letters with combining
marks, full-width digits, and more. 4.57 reads with its tokenizer, its model, and a search over all spans in
loops.

Machine: {machine}. Here: {here}. There: {there} and the same torch.

Of {rows} checkpoints, {equal} agree in every column except the last.

| column | what is compared, as the number of texts on which it is equal |
|---|---|
| tokens | the ids of all windows |
| types | the token types that the model is given; a dash if the model does not use them |
| answers | start and end of the best span |
| scores | the sum of the best span's logits, within {close} |
| null scores | the sum of the CLS token's logits, within {close}; a dash if there is no such token |
| pipeline | the answers of 4.57's question-answering pipeline, for texts that fit one window |
| apart | the largest difference between two scores or null scores |
"""
_PIPELINE = """
The pipeline has other rules, so the last column is not full:

* It chooses among spans of tokens, not of characters. It may choose a span of white space or of nothing, as
  of byte-level tokens for a space. It may choose one that begins or ends between a letter and its combining
  mark. `qa_eval` has no such spans, or widens them to whole characters.
* Its null score is that of position 0. XLNet has its CLS token at the end.
* It gives the text first and the question second to a tokenizer that pads on the left, as XLNet's does.
  `qa_eval` always gives the question first.
* It reads all texts with one model. BigBird's attention turns from sparse to full with the first short window
  and never back, so that later answers depend on earlier ones.
* It pads, and fails where the tokenizer has no token for that (`llama` and others): a dash.
"""


def document(found: Sequence[Compared], alone: Sequence[Compared]) -> str:
    """The text of `docs/trust/transformers4.md`."""
    rows = [row for row in (*found, *alone) if not row.error]
    reasons: dict[str, list[str]] = {}
    for row in (*found, *alone):
        if row.row in EXPLAINED:
            reasons.setdefault(EXPLAINED[row.row], []).append(f"`{row.row}`")
    notes = [f"`{row.row}`: {row.note}" for row in (*found, *alone) if row.note]
    libraries = ("torch", "transformers", "tokenizers", "sentencepiece")
    head = _HEAD.strip().format(
        machine=f"{platform.system()} on {platform.machine()}, {os.cpu_count()} cores",
        here=", ".join([f"Python {platform.python_version()}", *(f"{n} {version(n)}" for n in libraries)]),
        there=PEER,
        rows=len(rows),
        equal=sum(not row.differs() for row in rows),
        close=CLOSE,
    )
    parts = [
        head,
        "## Checkpoints with a tokenizer.json",
        "\n".join(table(found)),
        "## The same checkpoints with nothing but their SentencePiece model",
        "\n".join(table(alone)),
        "## What differs, and why",
        bullets(f"{', '.join(names)}: {reason}" for reason, names in reasons.items()),
        _PIPELINE.strip(),
        "## What this version of transformers builds instead",
        "A leaderboard's row (`tokenizer_note`) and `qa-eval models` have these notes:",
        bullets(notes),
    ]
    return "\n\n".join(parts) + "\n"


def bullets(lines: Iterable[str]) -> str:
    wrap = textwrap.TextWrapper(118, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)
    return "\n".join(wrap.fill(f"* {line}") for line in lines)


if __name__ == "__main__":
    sys.exit(main())
