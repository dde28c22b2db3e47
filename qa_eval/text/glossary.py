"""The words of the field, each with one meaning: the report shows them, and so may any other page.

Metrics are not here: each has its meaning in its own entry.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_DATA: Mapping[str, str] = {
    "fact": "One question with all that the sources say on it.",
    "item": "One question asked of one article, or of all articles at once.",
    "claim": "One answer that some source gives, in all its wordings. Other values are other claims.",
    "evidence": "A passage of an article that states a claim, word for word.",
    "source": "An article, called by its short label, else by its publisher, its title or its id.",
    "contested": "A fact on which the sources make two or more claims.",
    "settled": "A fact on which all sources that answer make the same claim.",
    "silent": "An article that does not answer the question. The right answer there is no answer.",
    "partial": "An article that neither answers the question nor is silent on it. It is not scored.",
    "reading track": "Each question is asked of one article at a time.",
    "pooled track": "Each question is asked of all articles at once.",
    "slice": "A part of the items, such as a category or the items of one article.",
}
_RELATIONS: Mapping[str, str] = {
    "contradiction": "The sources differ because both claims cannot be true.",
    "update": "The sources differ because one has a later count or state.",
    "precision": "The sources differ because one is finer, or gives a bound.",
    "scope": "The sources differ because they speak of different things, such as a battle and a whole "
    "offensive.",
    "wording": "The sources differ because they report one statement in other words.",
    "disagreement": "How evenly the sources are spread over the claims: the entropy of sources over groups "
    "of claims, in bits. It is 0 where all say nearly the same, and 1 where two groups have equally many "
    "sources.",
}
_ANSWERS: Mapping[str, str] = {
    "right": "An answer that matches a claim of its article; on a silent article, no answer.",
    "no answer": "The model said that there is no answer: it abstained.",
    "another source’s claim": "The answer is a claim that other articles make, not the one that was read.",
    "the claim of most sources": "An answer that makes a claim that no other claim has more sources than.",
    "a claim of fewer sources": "An answer that makes a claim, where another claim has more sources.",
    "none of the claims": "The answer matches no claim of any source.",
    "several claims at once": "The answer names two or more of the claims at once.",
    "failed": "The model gave no prediction, or broke down on the item.",
}
_RANKS: Mapping[str, str] = {
    "rank": "A model's rank is one more than the number of models shown to be better, and never falls down "
    "the table. Models that share a rank form a group, parted from the next by a line. Where other ranks are "
    "possible too, they are given, all at 95 % together.",
    "95 % interval": "Where the number would be, 95 times of 100, on other questions like these. Facts are "
    "drawn again as a whole.",
    "Δ to first": "Difference of the ranking metric to the first model on the same items, in points, with "
    "its 95 % interval.",
    "certain": "The test of all pairs of models excludes chance at 95 %.",
    "answered": "Items that were answered. On the others the model abstained, or failed.",
    "items/s": "Items per second on the machine of the run. Answers from the cache have no speed.",
    "size": "Parameters of the model.",
}
_YARDSTICKS: Mapping[str, str] = {
    "oracle": "A reference that always gives the article's own answer: the most that can be earned.",
    "majority claim": "A reference that answers every article with the claim that most sources make.",
    "other source": "A reference that has the right fact from the wrong source.",
    "always abstaining": "What a program earns that never answers.",
    "random span": "What a program earns that answers with any stretch of the text.",
}

CHAPTERS: Mapping[str, Mapping[str, str]] = {
    "Questions and sources": _DATA,
    "Why sources differ": _RELATIONS,
    "Answers": _ANSWERS,
    "Ranks and intervals": _RANKS,
    "References": _YARDSTICKS,
}
"""Title -> its terms with their meanings."""
GLOSSARY: Mapping[str, str] = {
    term: meaning for terms in CHAPTERS.values() for term, meaning in terms.items()
}
"""Every term with its meaning."""
YARDSTICKS: Mapping[str, str] = {
    "reference:oracle": "oracle",
    "reference:majority-claim": "majority claim",
    "reference:other-source": "other source",
    "baseline:abstain": "always abstaining",
    "baseline:random-span": "random span",
}
"""Spec of a row that is never ranked -> the term that it goes by."""


def term_anchor(term: str) -> str:
    """The id of a term on a page of terms.

    >>> term_anchor("another source’s claim"), term_anchor("Δ to first"), term_anchor("95 % interval")
    ('another-source-s-claim', 'to-first', '95-interval')
    """
    return re.sub("[^a-z0-9]+", "-", term.lower()).strip("-")
