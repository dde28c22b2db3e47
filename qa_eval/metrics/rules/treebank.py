"""Words as the Penn Treebank divides them. NLTK's `word_tokenize` gives the same words for one sentence.

The evaluation of CMRC 2018 counts such words where an answer is not Chinese. It first makes the text lower
case, and deletes signs such as hyphens, colons, slashes, asterisks and backquotes. This module agrees with
NLTK 3.9.1 on such texts, and is not meant for others.

| in the text                                  | is a word of its own                                      |
|----------------------------------------------|-----------------------------------------------------------|
| `; @ # $ % & ? !`, brackets, quotation marks | always                                                    |
| a comma                                      | unless a digit follows                                    |
| a full stop                                  | at the end of the text; two and more in a row, together   |
| `'s 'm 'd 'll 're 've n't`                   | at the end of a word                                      |
| the halves of `cannot`, `gonna` and others   | also of `d'ye gimme gotta lemme more'n wanna 'tis 'twas`  |

One thing differs from NLTK. NLTK first divides a text into sentences with a trained model, and splits the
full stop from the last word of each sentence. Here a text is one sentence. NLTK 3.9.4 and later also divide
at dashes, but published results are older.

Source: MacIntyre's tokenizer of the Penn Treebank (1995); `NLTKWordTokenizer` of NLTK 3.9.1.
"""

from __future__ import annotations

import re

from qa_eval.text.lazy_patterns import lazy_pattern

_OPENING = "``"
_CLOSING = "''"
_STEPS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (lazy_pattern(pattern), replacement)
    for pattern, replacement in (
        # Opening quotation marks.
        (r"[«‘„]", r" \g<0> "),
        (r'^"', f" {_OPENING} "),
        (r"([ (\[{<])(?:\"|'')", rf"\1 {_OPENING} "),
        (r"(?i)'(?!re|ve|ll|m|t|s|d|n)(\w)\b", r"' \1"),
        # Punctuation.
        (r"([^.])\.([\])}>\"'» ]*+)\s*$", r"\1 . \2 "),
        (r",(\D)", r" , \1"),
        (r",$", " , "),
        (r"\.{2,}", r" \g<0> "),
        (r"[;@#$%&]", r" \g<0> "),
        (r"([^.])\.([\])}>\"']*)\s*$", r"\1 .\2 "),
        (r"[?!]", r" \g<0> "),
        (r"([^'])' ", r"\1 ' "),
        (r"[\]\[(){}<>]", r" \g<0> "),
        # Closing quotation marks, and endings after an apostrophe.
        (r"^|\Z", " "),
        (r"»", " » "),
        (_CLOSING, f" {_CLOSING} "),
        (r'"', f" {_CLOSING} "),
        (r"\s+", " "),
        (r"([^' ])('[smd]|') ", r"\1 \2 "),
        (r"([^' ])('ll|'re|'ve|n't) ", r"\1 \2 "),
        # Two words that are written as one.
        (r"(?i)\b(can)(not)\b", r" \1 \2 "),
        (r"(?i)\b(d)('ye)\b", r" \1 \2 "),
        (r"(?i)\b(gim)(me)\b", r" \1 \2 "),
        (r"(?i)\b(gon)(na)\b", r" \1 \2 "),
        (r"(?i)\b(got)(ta)\b", r" \1 \2 "),
        (r"(?i)\b(lem)(me)\b", r" \1 \2 "),
        (r"(?i)\b(more)('n)\b", r" \1 \2 "),
        (r"(?i)\b(wan)(na)(?=\s)", r" \1 \2 "),
        (r"(?i) ('t)(is)\b", r" \1 \2 "),
        (r"(?i) ('t)(was)\b", r" \1 \2 "),
    )
)
"""The steps, in order. A later step sees the spaces that an earlier one adds."""


def treebank_words(sentence: str) -> list[str]:
    """The words of a sentence in lower case, without the signs that the module's description names.

    >>> treebank_words("tim's kitchen (1,962)")
    ['tim', "'s", 'kitchen', '(', '1,962', ')']
    """
    for pattern, replacement in _STEPS:
        sentence = pattern.sub(replacement, sentence)
    return sentence.split()
