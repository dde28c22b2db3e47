"""Windows of tokens that a model can read, cut from a question and a text of any length.

The question and the text are tokenized once each, without special tokens. Every window is built from slices
of the two by the tokenizer's own template for pairs, such as "[CLS] question [SEP] text [SEP]". The template
is read off the tokenizer itself. So a text with a hundred questions is tokenized once, the room for the text
is known before anything is cut, and no tokenizer has to truncate.

With room for R tokens of text and an overlap of S tokens, windows start at 0, R - S, 2(R - S), … until one
reaches the end of the text. Every token of the text is in at least one window, and a text that fits is one
window.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qa_eval.models.checkpoint.tokenizer_files import space_signs

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

Ints = NDArray[np.int64]


_NOWHERE = np.empty(0, np.int64)


class WindowError(ValueError):
    """A question and a text cannot be put into windows. The message says why."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of a text, and the characters of an answer that starts or ends with each token."""

    ids: Ints
    """Ids of the tokens."""
    text_starts: Ints
    """Offset, for each token, of the first character of an answer that begins with it. White space is
    skipped."""
    text_ends: Ints
    """Offset, for each token, of the end of an answer that ends with it. White space is left out; marks of
    the last character, such as accents and vowel signs, are kept."""

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Window:
    """One input of the model: a question and a piece of a text, in the template of a tokenizer."""

    template: Template
    """Template of the tokenizer."""
    question: Ints
    """Ids of the question's tokens."""
    context: Ints
    """Ids of the context tokens in the window."""
    first: int
    """Index, in the context, of the first context token in the window."""
    null_at: int | None
    """Position of the token that represents "no answer"; None if the template has none."""

    def __len__(self) -> int:
        return self.template.specials + len(self.question) + len(self.context)

    @property
    def size(self) -> int:
        """Number of context tokens in the window."""
        return len(self.context)

    @property
    def offset(self) -> int:
        """Position, in the window, of its first context token."""
        return len(self.template.before) + len(self.question) + len(self.template.between)

    @property
    def ids(self) -> Ints:
        """Ids of the window's tokens."""
        return self._written()[0]

    @property
    def types(self) -> Ints:
        """Token types of the window's tokens."""
        return self._written()[1]

    def _written(self) -> tuple[Ints, Ints]:
        ids, types = np.empty(len(self), np.int64), np.empty(len(self), np.int64)
        self.write(ids, types)
        return ids, types

    def write(self, ids: Ints, types: Ints) -> None:
        """Writes the ids and the types of the window's tokens to the beginning of two rows."""
        form, at = self.template, 0
        for tokens, kind in (
            (form.before, None),
            (self.question, form.question_type),
            (form.between, None),
            (self.context, form.context_type),
            (form.after, None),
        ):
            to = at + len(tokens)
            if kind is not None:
                ids[at:to], types[at:to] = tokens, kind
            else:
                for number, (special, its_type) in enumerate(tokens, at):
                    ids[number], types[number] = special, its_type
            at = to


@dataclass(frozen=True, slots=True)
class Template:
    """Template of a tokenizer for a question and a text: three runs of special tokens, and token types."""

    before: tuple[tuple[int, int], ...]
    """Special tokens before the question, as (id, type)."""
    between: tuple[tuple[int, int], ...]
    """Special tokens between the question and the text, as (id, type)."""
    after: tuple[tuple[int, int], ...]
    """Special tokens after the text, as (id, type)."""
    question_type: int
    """Token type of the question's tokens."""
    context_type: int
    """Token type of the text's tokens."""

    @property
    def types(self) -> frozenset[int]:
        """All token types in the template."""
        specials = (kind for run in (self.before, self.between, self.after) for _, kind in run)
        return frozenset((self.question_type, self.context_type, *specials))

    @property
    def specials(self) -> int:
        """Number of special tokens in a window."""
        return len(self.before) + len(self.between) + len(self.after)

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> Template:
        """The template of a tokenizer, read off an encoded pair. Raises `WindowError` if it has none."""
        for probe in ("a", "the", "1", ".", "x y"):
            encoding = tokenizer.encode(probe, probe)
            parts = encoding.sequence_ids
            if 0 in parts and 1 in parts:
                return cls._read(encoding)
        raise WindowError("the tokenizer gives no tokens for plain words, so its template is unknown")

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
    """The half-open range of a sequence's tokens. Raises `WindowError` if the range has gaps."""
    places = [i for i, part in enumerate(parts) if part == which]
    if places[-1] - places[0] + 1 != len(places):
        raise WindowError("the tokenizer puts special tokens inside the question or the text")
    return places[0], places[-1] + 1


class Windower:
    """Cuts questions and texts into windows for one tokenizer and one window length."""

    def __init__(
        self, tokenizer: Tokenizer, *, max_length: int, doc_stride: int, null_id: int | None = None
    ) -> None:
        """Makes a windower. It changes the tokenizer: truncation and padding are switched off.

        Args:
            tokenizer: A tokenizer with offsets.
            max_length: Greatest number of tokens in a window, with the question and special tokens.
            doc_stride: Number of tokens that consecutive windows share.
            null_id: Id of the special token that represents "no answer" (the CLS token); None without one.
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
        """Whether windows have a token that represents "no answer"."""
        return self._null is not None

    def tokenize(self, texts: Sequence[str], *, placed: bool = True) -> list[Tokens | WindowError]:
        """The tokens of each text, or an error for a text that the tokenizer cannot read.

        Without `placed`, the tokens have no characters. A question needs none.
        """
        encodings = self._encode(list(texts), placed=placed)
        if isinstance(encodings, WindowError):
            if len(texts) == 1:
                return [encodings]
            return [tokens for text in texts for tokens in self.tokenize([text], placed=placed)]
        if not placed:
            ids = [np.array(encoding.ids, np.int64) for encoding in encodings]
            return [Tokens(tokens, _NOWHERE, _NOWHERE) for tokens in ids]
        return [_tokens(text, encoding, self._bare) for text, encoding in zip(texts, encodings, strict=True)]

    def _encode(self, texts: list[str], *, placed: bool) -> list[Encoding] | WindowError:
        # The fast one gives the same tokens, without their characters.
        encode = self._tokenizer.encode_batch if placed else self._tokenizer.encode_batch_fast
        try:
            return encode(texts, add_special_tokens=False)
        except Exception as error:  # e.g. a lone surrogate, which has no UTF-8
            return WindowError(f"the tokenizer cannot read it: {type(error).__name__}: {error}")
        except BaseException as error:
            # A panic in Rust code arrives as a BaseException whose class cannot be imported.
            if type(error).__name__ == "PanicException":
                return WindowError(f"the tokenizer crashes on it: {error}")
            raise

    def windows(self, question: Tokens, context: Tokens) -> list[Window]:
        """The windows of a question and a text, in text order; a single window if the text is empty.

        Raises `WindowError` if the question leaves no room for the text, or so little that windows with the
        overlap `doc_stride` would not advance. Nothing is cut off to make room.
        """
        room = self.room(len(question))
        if room < 1:
            raise WindowError(
                f"the question has {len(question)} tokens and leaves no room for the text in a window of "
                f"{self.max_length} tokens (max_length) with {self.template.specials} special ones"
            )
        if len(context) > room and room <= self.doc_stride:
            raise WindowError(
                f"the question has {len(question)} tokens and leaves room for {room} tokens of text in a "
                f"window of {self.max_length} (max_length); the room must be greater than the overlap of "
                f"windows ({self.doc_stride}, doc_stride)"
            )
        step = max(room - self.doc_stride, 1)
        count = 1 if len(context) <= room else 1 + -(-(len(context) - room) // step)
        return [self._window(question, context, k * step, room) for k in range(count)]

    def room(self, question_tokens: int) -> int:
        """The number of context tokens that fit in a window with the question; may be negative."""
        return self.max_length - question_tokens - self.template.specials

    def _window(self, question: Tokens, context: Tokens, first: int, room: int) -> Window:
        form = self.template
        piece = context.ids[first : first + room]
        null_at = None
        if self._null is not None:
            run, place = self._null
            before_text = len(form.before) + len(question)
            null_at = place + (0, before_text, before_text + len(form.between) + len(piece))[run]
        return Window(form, question.ids, piece, first, null_at)


def _null_place(template: Template, null_id: int | None) -> tuple[int, int] | None:
    """The place of the null token: the number of its run of special tokens, and its index in the run."""
    for which, run in enumerate((template.before, template.between, template.after)):
        for place, (token, _) in enumerate(run):
            if token == null_id:
                return which, place
    return None


def _bare_ids(tokenizer: Tokenizer) -> Ints:
    """The ids of the tokens that consist only of the sign for a space."""
    signs = space_signs(tokenizer)
    vocabulary = tokenizer.get_vocab(with_added_tokens=False) if signs else {}
    return np.array([number for token, number in vocabulary.items() if not token.strip(signs)], np.int64)


def _tokens(text: str, encoding: Encoding, bare: Ints) -> Tokens:
    ids = np.asarray(encoding.ids, np.int64)
    if not len(ids):
        return Tokens(ids, ids, ids)
    offsets = np.asarray(encoding.offsets, np.int64)
    starts, ends = offsets[:, 0], offsets[:, 1]
    # The sign for a space precedes a word and has the offsets of the word's first letter. It has no
    # characters itself: an answer that begins with it begins with the word, and one that ends with it ends
    # before the word.
    ends = np.where(np.isin(ids, bare), starts, ends)
    next_text, previous_end = _trims(text)
    return Tokens(ids, next_text[starts], previous_end[ends])


_ASCII = 127
_BLANK = np.array([chr(code).isspace() for code in range(0x3002)])
"""Whether a character is white space, by its code. The last entry is for all greater codes, which are not."""


def _trims(text: str) -> tuple[Ints, Ints]:
    """Two tables by character position: where an answer from there begins, and where one up to there ends.

    Byte-level and SentencePiece tokens may include the space before them; an answer never does. A combining
    mark belongs to the character before it. An answer that would begin with a mark therefore begins with that
    character, and an answer that would end before a mark ends after it. A mark at the start of the text or
    after a space belongs to no character, and no answer begins with it.

    >>> [[int(i) for i in table] for table in _trims("a b")]
    [[0, 2, 2, 3], [0, 1, 1, 3]]
    """
    n = len(text)
    places = np.arange(n + 1)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    blank = _BLANK[np.minimum(codes, len(_BLANK) - 1)]
    mark = np.zeros(n, bool)
    for place in np.flatnonzero(codes > _ASCII).tolist():
        mark[place] = unicodedata.category(text[place])[0] == "M"
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
    """For each position, the first wanted position at or after it. The end counts as wanted."""
    n = len(wanted)
    return np.minimum.accumulate(np.where(np.append(wanted, True), np.arange(n + 1), n)[::-1])[::-1].copy()
