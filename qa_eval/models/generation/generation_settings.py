"""Which settings of a checkpoint form its texts, and which ones are set aside.

Every checkpoint may bring settings of generation: sampling, beams, penalties for repetition, least lengths.
With them, two models would answer under different rules. They are set aside, and a note names them. Kept
are the tokens that begin and end a text, and the tokens that a text must or must not have.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FILE = "generation_config.json"
"""Name of the file with the settings."""
_ENDS = "eos_token_id"
_KEPT = ("forced_bos_token_id", "suppress_tokens", "begin_suppress_tokens", "bad_words_ids")
"""Settings that force or forbid tokens."""
_WITHOUT_EFFECT: Mapping[str, Any] = {
    "do_sample": False,
    "temperature": 1.0,
    "top_k": 50,
    "top_p": 1.0,
    "min_p": 0.0,
    "typical_p": 1.0,
    "epsilon_cutoff": 0.0,
    "eta_cutoff": 0.0,
    "num_beams": 1,
    "num_beam_groups": 1,
    "penalty_alpha": 0.0,
    "diversity_penalty": 0.0,
    "length_penalty": 1.0,
    "early_stopping": False,
    "repetition_penalty": 1.0,
    "encoder_repetition_penalty": 1.0,
    "no_repeat_ngram_size": 0,
    "encoder_no_repeat_ngram_size": 0,
    "min_length": 0,
    "min_new_tokens": 0,
    "exponential_decay_length_penalty": None,
    "sequence_bias": None,
    "guidance_scale": 1.0,
    "renormalize_logits": False,
    "remove_invalid_values": False,
}
"""Settings that are set aside, with the value that has no effect. `forced_eos_token_id` is not among them: it
only marks that a text was cut at the limit of tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationSettings:
    """The settings of a checkpoint that are used, and those that are not."""

    ends: tuple[int, ...]
    """Ids of the tokens that end a text; empty if there are none."""
    pad: int
    """Id of the token that fills rows. It is masked."""
    start: int | None = None
    """Id of the token with which a decoder begins; None for a model without an encoder."""
    forced: Mapping[str, Any]
    """Settings that force or forbid tokens."""
    aside: Mapping[str, Any]
    """Settings that are set aside, by name."""

    @property
    def structure(self) -> frozenset[int]:
        """Ids of tokens that are no part of an answer although a model may write them."""
        first = self.forced.get("forced_bos_token_id")
        return frozenset(i for i in (self.start, self.pad, first) if isinstance(i, int))

    def kept(self) -> dict[str, Any]:
        """The settings that are used, by transformers' names."""
        ids = {"eos_token_id": list(self.ends) or None, "pad_token_id": self.pad}
        return {**ids, "decoder_start_token_id": self.start, **self.forced}

    @property
    def note(self) -> str | None:
        """A sentence for people about the settings that are set aside; None if there are none.

        >>> settings = {"repetition_penalty": 1.1, "do_sample": True}
        >>> GenerationSettings(ends=(2,), pad=0, forced={}, aside=settings).note
        'its own settings of generation are set aside: do_sample true, repetition_penalty 1.1'
        """
        if not self.aside:
            return None
        named = (f"{key} {json.dumps(value)}" for key, value in sorted(self.aside.items()))
        return f"its own settings of generation are set aside: {', '.join(named)}"


def generation_settings(
    given: Mapping[str, Any],
    config: Mapping[str, Any],
    *,
    rows: int,
    end: int | None,
    pad: int | None,
    decodes: bool,
) -> GenerationSettings:
    """The settings that a checkpoint's files give.

    Args:
        given: Content of generation_config.json; empty if there is no such file. The configuration, where
            older checkpoints have such settings, then counts.
        config: The configuration of the decoder, with the defaults of its class.
        rows: Number of rows in the table of token vectors. Ids beyond it are ignored.
        end: Id of the tokenizer's end token; None if it has none.
        pad: Id of the tokenizer's padding token; None if it has none.
        decodes: Whether a decoder begins with a token of its own.

    Returns:
        The settings. `start` is None for a decoder if no file names its first token.
    """
    source = given or config

    def ids(value: object) -> list[int]:
        values = value if isinstance(value, list) else [value]
        return [n for n in values if isinstance(n, int) and not isinstance(n, bool) and 0 <= n < rows]

    def first(*values: object) -> int | None:
        return next((found[0] for value in values if (found := ids(value))), None)

    # A class has a default for its end token, which means nothing if the tokenizer says otherwise.
    ends = ids(given.get(_ENDS)) + ids(end) or ids(config.get(_ENDS))
    bos = first(given.get("bos_token_id"), config.get("bos_token_id"))
    filler = first(config.get("pad_token_id"), given.get("pad_token_id"), pad, *ends, 0)
    starts = (given.get("decoder_start_token_id"), config.get("decoder_start_token_id"), bos)
    return GenerationSettings(
        ends=tuple(dict.fromkeys(ends)),
        pad=filler or 0,
        start=first(*starts) if decodes else None,
        forced={key: source[key] for key in _KEPT if source.get(key) is not None},
        aside={
            key: source[key]
            for key, without in _WITHOUT_EFFECT.items()
            if source.get(key) is not None and source[key] != without and not _changes_nothing(key, source)
        },
    )


def _changes_nothing(key: str, source: Mapping[str, Any]) -> bool:
    """Whether a setting has no effect because another one switches it off.

    >>> _changes_nothing("temperature", {"do_sample": False, "temperature": 0.6})
    True
    """
    sampling = {"temperature", "top_k", "top_p", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff"}
    beams = {"length_penalty", "early_stopping", "num_beam_groups", "diversity_penalty"}
    if key in sampling:
        return not source.get("do_sample")
    return key in beams and (source.get("num_beams") or 1) == 1
