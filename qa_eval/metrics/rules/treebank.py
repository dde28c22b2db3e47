"""Words as the Penn Treebank divides them: what `word_tokenize` of NLTK makes of one sentence.

The evaluation of CMRC 2018 counts such words where an answer is not Chinese. NLTK 3.9.1 is followed as far
as it can have an effect there: the text is lower case and has none of the signs that the evaluation
deletes, among them hyphens, colons, slashes, asterisks and backquotes.

| in the text                                  | is a word of its own                                      |
|----------------------------------------------|-----------------------------------------------------------|
| `; @ # $ % & ? !`, brackets, quotation marks | always                                                    |
| a comma                                      | unless a digit follows                                    |
| a full stop                                  | at the end of the text; two and more in a row, together   |
| `'s 'm 'd 'll 're 've n't`                   | at the end of a word                                      |
| the halves of `cannot`, `gonna` and others   | likewise `d'ye gimme gotta lemme more'n wanna 'tis 'twas` |

One thing differs from NLTK: it first divides a text into sentences, by a trained model, and so also takes the
full stop off a word that ends a sentence inside the text. Here a text is one sentence. Versions from 3.9.4 on
also divide at dashes; published results are older.

Source: MacIntyre's tokenizer of the Penn Treebank (1995); `NLTKWordTokenizer` of NLTK 3.9.1.
"""

from __future__ import annotations

import re

_OPENING = "``"
_CLOSING = "''"
_STEPS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
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
        # Closing quotation marks and what is joined to a word by an apostrophe.
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
"""In this order: a later step sees the spaces of an earlier one."""


def treebank_words(sentence: str) -> list[str]:
    """The words of a sentence in lower case, without the signs that the module's description names.

    >>> treebank_words("tim's kitchen (1,962)")
    ['tim', "'s", 'kitchen', '(', '1,962', ')']
    """
    for pattern, replacement in _STEPS:
        sentence = pattern.sub(replacement, sentence)
    return sentence.split()
