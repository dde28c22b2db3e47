"""The terms of the field, each with one meaning. The report and the documentation show them.

Metrics are not here, because each has its meaning in its own entry.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_DATA: Mapping[str, str] = {
    "fact": "One question with everything that the sources say about it.",
    "item": "One question about one article, or about all articles at once.",
    "claim": "One answer that some source gives, in all its wordings. Different values are different claims.",
    "evidence": "A passage of an article, word for word, that states a claim.",
    "source": "An article. Its name is its short label, else its publisher, its title or its id.",
    "contested": "A fact on which the sources make two or more claims.",
    "settled": "A fact on which all sources that answer make the same claim.",
    "silent": "An article that does not answer the question. The right answer there is no answer.",
    "partial": "An article that neither answers the question nor is silent about it. It is not scored.",
    "misinformation": "A claim that the authors of the data set mark as wrong.",
    "outdated": "A claim that the authors of the data set mark as no longer true.",
    "preferred": "The claim that the authors of the data set prefer.",
    "reading track": "The track in which a model answers each question from one article at a time.",
    "pooled track": "The track in which a model answers each question from all articles at once.",
    "slice": "A part of the items, such as a category or the items of one article.",
}
_RELATIONS: Mapping[str, str] = {
    "contradiction": "The sources differ because both claims cannot be true.",
    "update": "The sources differ because one reports a later count or state.",
    "precision": "The sources differ because one is more precise, or gives a bound.",
    "scope": "The sources differ because they report on different things, such as a battle and a "
    "whole offensive.",
    "wording": "The sources differ because they report one statement in different words.",
    "disagreement": "How evenly the sources are spread over the claims: the entropy of sources over groups "
    "of claims, in bits. It is 0 if all sources say nearly the same, and 1 if two groups have the same "
    "number of sources.",
}
_ANSWERS: Mapping[str, str] = {
    "right": "An answer that matches a claim of its article, or no answer on a silent article. An answer in "
    "words is right if it asserts a claim and nothing else.",
    "no answer": "The model abstained: it predicted that there is no answer.",
    "another source’s claim": "The answer is a claim of other articles, not of the article that was read.",
    "the claim of most sources": "An answer that makes a claim, and no other claim has more sources.",
    "a claim of fewer sources": "An answer that makes a claim, although another claim has more sources.",
    "several claims, told apart": "The answer makes two or more of the claims, and says or shows that "
    "sources differ.",
    "several claims at once": "The answer makes two or more of the claims, and does not say that sources "
    "differ.",
    "none of the claims": "The answer makes no claim of any source.",
    "failed": "The model gave no prediction, or stopped with an error on the item.",
}
_RANKS: Mapping[str, str] = {
    "rank": "A model's rank is one more than the number of models shown to be better, and never falls "
    "down the table. Models that share a rank form a group, and a line separates it from the next. If other "
    "ranks are possible, they are shown, at 95 % for all models together.",
    "95 % interval": "The range in which the number would be, 95 times out of 100, on other questions like "
    "these. It comes from resampling whole facts.",
    "Δ to first": "Difference to the first model in the ranking metric, on the same items, in points, with "
    "its 95 % interval.",
    "certain": "The test of all pairs of models rules out chance at 95 %.",
    "answered": "Number of items that the model answered. On all others it abstained or failed.",
    "items/s": "Items per second on the machine of the run. Answers from the cache have no speed.",
    "size": "Number of parameters of the model.",
    "tokens": "Number of tokens that a language model read and wrote. Answers from the cache do not count.",
    "time of an answer": "Time from the request to the whole answer, with the pauses after failed requests: "
    "the median, and the times within which 90 % and 99 % of the answers came.",
    "cost": "Cost of the tokens of a language model at the prices that were given.",
}
_YARDSTICKS: Mapping[str, str] = {
    "oracle": "A reference that always gives the article's own answer. It has the highest possible score.",
    "majority claim": "A reference that answers every article with the claim that most sources make.",
    "other source": "A reference that answers with the claim of another source.",
    "always abstaining": "The score of a program that never answers.",
    "random span": "The score of a program that answers with a random span of the text.",
}

_MODELS: Mapping[str, str] = {
    "span": "A part of a text, given by the offsets of its first character and of the one after its last.",
    "window": "The part of a text that a model reads at once, together with the question.",
    "prediction": "A model's output for one item: its best spans and its null score.",
    "n-best": "The best distinct spans of a model for one item, best first.",
    "null score": "A model's score for giving no answer.",
    "threshold": "A model abstains if its null score exceeds its best span's score by more than this.",
    "gold": "An accepted answer.",
    "baseline": "A simple rule that answers without a trained model.",
    "reference": "A row made from the golds. It shows which scores are possible.",
    "context": "The text that a question is about. In the curated set it is a whole article.",
    "cluster": "Items that are resampled together because they are not independent: all items of a fact, or "
    "all questions about a context.",
    "row": "One model in a leaderboard, or its answer to one item in a file of predictions.",
    "run": "A folder with a leaderboard and the predictions of every model.",
    "fingerprint": "A hash of everything in a model that decides its answers.",
    "signature": "A text with everything that can change the numbers of a row. Rows with equal signatures "
    "have equal numbers.",
}

CHAPTERS: Mapping[str, Mapping[str, str]] = {
    "Questions and sources": _DATA,
    "Why sources differ": _RELATIONS,
    "Answers": _ANSWERS,
    "Models and runs": _MODELS,
    "Ranks and intervals": _RANKS,
    "References": _YARDSTICKS,
}
"""Map from the title of a chapter to its terms with their meanings."""
GLOSSARY: Mapping[str, str] = {
    term: meaning for terms in CHAPTERS.values() for term, meaning in terms.items()
}
"""Map from each term to its meaning."""
YARDSTICKS: Mapping[str, str] = {
    "reference:oracle": "oracle",
    "reference:majority-claim": "majority claim",
    "reference:other-source": "other source",
    "baseline:abstain": "always abstaining",
    "baseline:random-span": "random span",
}
"""Map from the spec of a row that is never ranked to its term."""


def term_anchor(term: str) -> str:
    """The id of a term on a page of terms.

    >>> term_anchor("another source’s claim"), term_anchor("Δ to first"), term_anchor("95 % interval")
    ('another-source-s-claim', 'to-first', '95-interval')
    """
    return re.sub("[^a-z0-9]+", "-", term.lower()).strip("-")
