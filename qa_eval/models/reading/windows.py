"""A question and a text of any length, as windows a model can read.

Question and text are tokenized once each, without special tokens, and every window is put together from
slices of the two after the tokenizer's own template for pairs ("[CLS] question [SEP] text [SEP]" and its many
relatives), which is learnt from the tokenizer itself. So a text asked a hundred questions is tokenized once,
the room for the text is known before anything is cut, and no tokenizer is ever asked to truncate.

With room for R tokens of text and an overlap of S, windows start at 0, R - S, 2(R - S), … until one reaches
the end of the text: every token of the text is in at least one window, and a text that fits is one window.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qa_eval.models.checkpoint.tokenizer_files import space_signs

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

Ints = NDArray[np.int64]


class WindowError(ValueError):
    """A question and text that cannot be put into windows; the message says why and what would help."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as tokens: ids, and the characters an answer has that starts or ends with each token."""

    ids: Ints
    text_starts: Ints
    """First character of an answer that begins with this token; white space is skipped."""
    text_ends: Ints
    """End of an answer that ends with this token; white space is left out, marks that belong to the last
    character (accents, vowel signs) are kept."""

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Window:
    """One input of the model."""

    ids: Ints
    types: Ints
    first: int
    """Context tokens `first`, `first` + 1, … are in this window,"""
    size: int
    """this many of them,"""
    offset: int
    """from this position of the window on."""
    null_at: int | None
    """Position of the token that stands for "no answer"; None where the template has none."""

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Template:
    """What a tokenizer puts around a question and a text: three runs of special tokens, and token types."""

    before: tuple[tuple[int, int], ...]
    """(id, type) of the special tokens before the question,"""
    between: tuple[tuple[int, int], ...]
    """between question and text,"""
    after: tuple[tuple[int, int], ...]
    """and after the text."""
    question_type: int
    context_type: int

    @property
    def types(self) -> frozenset[int]:
        """All token types that it gives."""
        specials = (kind for run in (self.before, self.between, self.after) for _, kind in run)
        return frozenset((self.question_type, self.context_type, *specials))

    @property
    def specials(self) -> int:
        return len(self.before) + len(self.between) + len(self.after)

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> Template:
        """Learns the template by encoding a pair. Raises `WindowError` where there is none to be seen."""
        for probe in ("a", "the", "1", ".", "x y"):
            encoding = tokenizer.encode(probe, probe)
            parts = encoding.sequence_ids
            if 0 in parts and 1 in parts:
                return cls._read(encoding)
        raise WindowError("the tokenizer gives no tokens for plain words, so its pair template is unknown")

    @classmethod
    def _read(cls, encoding: Encoding) -> Template:
        parts, ids, types = encoding.sequence_ids, encoding.ids, encoding.type_ids
        q_from, q_to = _run(parts, 0)
        c_from, c_to = _run(parts, 1)
        if q_to > c_from:
            raise WindowError("the tokenizer does not put the question before the text")
        pairs = list(zip(ids, types, strict=True))
        return cls(
            before=tuple(pairs[:q_from]),
            between=tuple(pairs[q_to:c_from]),
            after=tuple(pairs[c_to:]),
            question_type=types[q_from],
            context_type=types[c_from],
        )


def _run(parts: Sequence[int | None], which: int) -> tuple[int, int]:
    """The half-open range in which a sequence's tokens stand; it must have no gaps."""
    places = [i for i, part in enumerate(parts) if part == which]
    if places[-1] - places[0] + 1 != len(places):
        raise WindowError("the tokenizer puts special tokens inside the question or the text")
    return places[0], places[-1] + 1


class Windower:
    """Cuts questions and texts into windows for one tokenizer and one window length."""

    def __init__(
        self, tokenizer: Tokenizer, *, max_length: int, doc_stride: int, null_id: int | None = None
    ) -> None:
        """`null_id` is the id of the special token that stands for "no answer" (the CLS token).

        The tokenizer is taken over: truncation and padding that its file may have switched on are removed.
        """
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self.template = Template.of(tokenizer)
        self._bare = _bare_ids(tokenizer)
        self.max_length = max_length
        self.doc_stride = doc_stride
        self._null = _null_place(self.template, null_id)

    @property
    def has_null(self) -> bool:
        """Whether windows have a token that can stand for "no answer"."""
        return self._null is not None

    def tokenize(self, texts: Sequence[str]) -> list[Tokens | WindowError]:
        """Tokens of each text; an error in its place for one that the tokenizer cannot take."""
        encodings = self._encode(list(texts))
        if isinstance(encodings, WindowError):
            if len(texts) == 1:
                return [encodings]
            return [tokens for text in texts for tokens in self.tokenize([text])]
        return [_tokens(text, encoding, self._bare) for text, encoding in zip(texts, encodings, strict=True)]

    def _encode(self, texts: list[str]) -> list[Encoding] | WindowError:
        try:
            return self._tokenizer.encode_batch(texts, add_special_tokens=False)
        except Exception as error:  # e.g. a lone surrogate, which has no UTF-8
            return WindowError(f"the tokenizer cannot read it: {type(error).__name__}: {error}")
        except BaseException as error:
            # A panic of the Rust side arrives as a BaseException of its own, which cannot be imported.
            if type(error).__name__ == "PanicException":
                return WindowError(f"the tokenizer panics on it: {error}")
            raise

    def windows(self, question: Tokens, context: Tokens) -> list[Window]:
        """The windows of a pair, in text order; a single one where the text is empty.

        Raises `WindowError` where the question leaves no room for the text, or so little that windows with
        the wanted overlap would not advance. Nothing is ever cut off to make room.
        """
        room = self.room(len(question))
        if room < 1:
            raise WindowError(
                f"the question is {len(question)} tokens long and leaves no room for the text in a window "
                f"of {self.max_length} (max_length), of which {self.template.specials} are special"
            )
        if len(context) > room and room <= self.doc_stride:
            raise WindowError(
                f"the question is {len(question)} tokens long and leaves room for {room} tokens of text in "
                f"a window of {self.max_length} (max_length), not more than consecutive windows share "
                f"({self.doc_stride}, doc_stride)"
            )
        step = max(room - self.doc_stride, 1)
        count = 1 if len(context) <= room else 1 + -(-(len(context) - room) // step)
        return [self._window(question, context, k * step, room) for k in range(count)]

    def room(self, question_tokens: int) -> int:
        """Context tokens that fit beside a question of that many tokens; may be negative."""
        return self.max_length - question_tokens - self.template.specials

    def _window(self, question: Tokens, context: Tokens, first: int, room: int) -> Window:
        form = self.template
        piece = context.ids[first : first + room]
        runs: list[tuple[Any, Any]] = [
            ([i for i, _ in form.before], [t for _, t in form.before]),
            (question.ids, [form.question_type] * len(question)),
            ([i for i, _ in form.between], [t for _, t in form.between]),
            (piece, [form.context_type] * len(piece)),
            ([i for i, _ in form.after], [t for _, t in form.after]),
        ]
        offset = len(form.before) + len(question) + len(form.between)
        starts = (0, len(form.before) + len(question), offset + len(piece))
        return Window(
            ids=np.concatenate([np.asarray(ids, np.int64) for ids, _ in runs]),
            types=np.concatenate([np.asarray(types, np.int64) for _, types in runs]),
            first=first,
            size=len(piece),
            offset=offset,
            null_at=None if self._null is None else starts[self._null[0]] + self._null[1],
        )


def _null_place(template: Template, null_id: int | None) -> tuple[int, int] | None:
    """In which run of special tokens the null token stands, and where in it."""
    for which, run in enumerate((template.before, template.between, template.after)):
        for place, (token, _) in enumerate(run):
            if token == null_id:
                return which, place
    return None


def _bare_ids(tokenizer: Tokenizer) -> Ints:
    """Ids of the tokens that are nothing but the sign for a space."""
    signs = space_signs(tokenizer)
    vocabulary = tokenizer.get_vocab(with_added_tokens=False) if signs else {}
    return np.array([number for token, number in vocabulary.items() if not token.strip(signs)], np.int64)


def _tokens(text: str, encoding: Encoding, bare: Ints) -> Tokens:
    ids = np.asarray(encoding.ids, np.int64)
    if not len(ids):
        return Tokens(ids, ids, ids)
    offsets = np.asarray(encoding.offsets, np.int64)
    starts, ends = offsets[:, 0], offsets[:, 1]
    # The sign for a space is put before a word, and so has the offsets of the word's first letter. It has no
    # characters: an answer that begins with it begins with the word, one that ends with it ends before.
    ends = np.where(np.isin(ids, bare), starts, ends)
    next_text, previous_end = _trims(text)
    return Tokens(ids, next_text[starts], previous_end[ends])


def _trims(text: str) -> tuple[Ints, Ints]:
    """For each character position, where an answer from there on begins, and where one up to there ends.

    Byte-level and SentencePiece tokens may carry the space before them; an answer never does. A combining
    mark belongs to the character before it: an answer that would begin with a mark begins with that
    character, and an answer that would end before a mark ends behind it. A mark at the start of the text or
    after a space belongs to no character, and no answer begins with it.

    >>> [[int(i) for i in table] for table in _trims("a b")]
    [[0, 2, 2, 3], [0, 1, 1, 3]]
    """
    n = len(text)
    places = np.arange(n + 1)
    blank = np.fromiter((c.isspace() for c in text), bool, n)
    mark = np.zeros(n, bool)
    if not text.isascii():
        mark = np.fromiter((unicodedata.category(c)[0] == "M" for c in text), bool, n)
    next_text = _next(~blank & ~mark)
    previous_end = np.maximum.accumulate(np.where(np.append(True, ~blank), places, 0))
    if mark.any():
        unmarked_before = np.maximum.accumulate(np.where(np.append(~mark, True), places, -1))
        marked = np.flatnonzero(mark)
        base = unmarked_before[marked]
        based = (base >= 0) & ~blank[base]
        next_text[marked[based]] = base[based]
        previous_end = np.where(previous_end > 0, _next(~mark)[previous_end], 0)
    return next_text, previous_end


def _next(wanted: NDArray[np.bool_]) -> Ints:
    """For each position, the first at or after it that is wanted; the end counts as wanted."""
    n = len(wanted)
    return np.minimum.accumulate(np.where(np.append(wanted, True), np.arange(n + 1), n)[::-1])[::-1].copy()
