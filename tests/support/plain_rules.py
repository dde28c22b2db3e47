"""The official rules a second time, in plain loops and from their description: what the tests compare with.

Nothing is shared with the package. Where an official script stops with an error, so does this.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

Question = tuple[str, Sequence[str]]
"""An id and the golds."""

ASCII_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
ARTICLES = {
    "en": "a an the",
    "es": "un una unos unas el la los las",
    "de": "ein eine einen einem eines einer der die das den dem des",
    "vi": "của là cái chiếc những",
}


def squad_tokens(text: str) -> list[str]:
    """The tokens, found character by character."""
    return _words([c for c in text.lower() if c not in ASCII_PUNCTUATION], ARTICLES["en"].split())


def mlqa_tokens(text: str, language: str) -> list[str]:
    """The tokens, found character by character."""
    punctuation = {"Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"}
    kept = [
        c for c in text.lower() if c not in ASCII_PUNCTUATION and unicodedata.category(c) not in punctuation
    ]
    if language == "ar":
        kept = list(" ".join("".join(kept).split("ال")))
    tokens: list[str] = []
    for rough in _words(kept, ARTICLES.get(language, "").split()):
        run = ""
        for c in rough:
            if language == "zh" and 0x4E00 <= ord(c) <= 0x9FA5:
                tokens += [run, c]
                run = ""
            else:
                run += c
        tokens.append(run)
    return [t for t in tokens if t]


def _words(kept: Sequence[str], articles: Sequence[str]) -> list[str]:
    # A word character is what `\\w` means for str patterns; the underscore is gone with the punctuation.
    pieces: list[str] = []
    word = ""
    for c in [*kept, " "]:
        if c.isalnum():
            word += c
            continue
        pieces += [" " if word in articles else word, c]
        word = ""
    return "".join(pieces).split()


def korquad_text(text: str) -> str:
    """KorQuAD 1.0's form of an answer, character by character."""
    kept = ""
    for c in text:
        if c in "'\"《》<>〈〉()‘’":
            kept += " "
        else:
            kept += "".join(low for low in c.lower() if low not in ASCII_PUNCTUATION)
    return " ".join(kept.split())


CMRC_SIGNS = [
    *("-", ":", "_", "*", "^", "/", "\\", "~", "`", "+", "="),
    *("，", "。", "：", "？", "！", "“", "”", "；", "’", "《", "》", "……", "·", "、"),
    *("「", "」", "（", "）", "－", "～", "『", "』"),
]


def cmrc_text(text: str) -> str:
    """CMRC 2018's form of an answer."""
    return "".join(c for c in text.lower().strip() if c not in CMRC_SIGNS)


def cmrc_tokens(text: str) -> list[str]:
    """CMRC 2018's units: each Chinese character, and the words of every other stretch."""
    found: list[str] = []
    stretch = ""
    for c in [*cmrc_text(text), None]:
        if c is not None and not "\u4e00" <= c <= "\u9fa5":
            stretch += c
            continue
        found += sentence_words(stretch) if stretch else []
        stretch = ""
        found += [c] if c else []
    return found


def _is_word(c: str) -> bool:
    return c.isalnum() or c == "_"


def _border(text: str, at: int) -> bool:
    """Whether a word begins or ends there."""
    before = at > 0 and _is_word(text[at - 1])
    after = at < len(text) and _is_word(text[at])
    return before != after


def sentence_words(text: str) -> list[str]:
    """The words of a sentence as NLTK's tokenizer finds them, in scans from left to right.

    For text in lower case without the signs that CMRC deletes.
    """
    text = _opening_quotes(text)
    text = _split_off_final_stop(text, closing="])}>\"'» ", after=" ")
    text = _commas(text)
    text = _around_runs_of_stops(text)
    text = "".join(f" {c} " if c in ";@#$%&" else c for c in text)
    text = _split_off_final_stop(text, closing="])}>\"'", after="")
    text = "".join(f" {c} " if c in "?!" else c for c in text)
    text = _quotes_before_spaces(text)
    text = "".join(f" {c} " if c in "[](){}<>" else c for c in text)
    text = "".join(f" {c} " if c == "»" else c for c in f" {text} ")
    text = text.replace("''", " '' ").replace('"', " '' ")
    # White space at both ends stays one space: the steps below look for it.
    text = f" {' '.join(text.split())} " if text.split() else " "
    text = _enclitics(text, ["'s", "'m", "'d", "'"])
    text = _enclitics(text, ["'ll", "'re", "'ve", "n't"])
    for first, second in (
        ("can", "not"), ("d", "'ye"), ("gim", "me"), ("gon", "na"), ("got", "ta"), ("lem", "me"),
        ("more", "'n"), ("wan", "na"),
    ):  # fmt: skip
        text = _halves(text, first, second, led_by_space=False)
    for second in ("is", "was"):
        text = _halves(text, "'t", second, led_by_space=True)
    return text.split()


def _same_letters(text: str, wanted: str) -> bool:
    """Equal but for case: the lower-case letters ſ and ı have the capitals of s and i."""
    return text.replace("ſ", "s").replace("ı", "i") == wanted


def _opening_quotes(text: str) -> str:
    text = "".join(f" {c} " if c in "«‘„" else c for c in text)
    if text.startswith('"'):
        text = " `` " + text[1:]
    found, at = "", 0
    while at < len(text):
        if text[at] in " ([{<" and text.startswith(('"', "''"), at + 1):
            found += text[at] + " `` "
            at += 2 if text[at + 1] == '"' else 3
        else:
            found += text[at]
            at += 1
    text, found, at = found, "", 0
    while at < len(text):
        rest = text[at + 1 :]
        clitic = any(_same_letters(rest[: len(w)], w) for w in ("re", "ve", "ll", "m", "t", "s", "d", "n"))
        if text[at] == "'" and rest and not clitic and _is_word(rest[0]) and _border(text, at + 2):
            found += f"' {rest[0]}"
            at += 2
        else:
            found += text[at]
            at += 1
    return found


def _split_off_final_stop(text: str, *, closing: str, after: str) -> str:
    """The last full stop, if nothing but closing marks and white space comes behind it."""
    bare = text.rstrip()
    end = len(bare)
    while end and bare[end - 1] in closing:
        end -= 1
    if end < 2 or bare[end - 1] != "." or bare[end - 2] == ".":
        return text
    marks = len(text[end:]) - len(text[end:].lstrip(closing))
    return f"{text[: end - 1]} .{after}{text[end : end + marks]} "


def _commas(text: str) -> str:
    found, at = "", 0
    while at < len(text):
        if text[at] == "," and at + 1 < len(text) and not text[at + 1].isdecimal():
            found += f" , {text[at + 1]}"
            at += 2
        else:
            found += text[at]
            at += 1
    if found.endswith(","):
        return found[:-1] + " , "
    if found.endswith(",\n"):
        return found[:-2] + " , \n"
    return found


def _around_runs_of_stops(text: str) -> str:
    found, at = "", 0
    while at < len(text):
        end = at
        while end < len(text) and text[end] == ".":
            end += 1
        if end - at > 1:
            found, at = f"{found} {text[at:end]} ", end
        else:
            found, at = found + text[at], at + 1
    return found


def _quotes_before_spaces(text: str) -> str:
    found, at = "", 0
    while at < len(text):
        if text[at] != "'" and text[at + 1 : at + 3] == "' ":
            found, at = f"{found}{text[at]} ' ", at + 3
        else:
            found, at = found + text[at], at + 1
    return found


def _enclitics(text: str, endings: Sequence[str]) -> str:
    found, at = "", 0
    while at < len(text):
        ending = next((e for e in endings if text.startswith(f"{e} ", at + 1)), None)
        if text[at] not in "' " and ending is not None:
            found, at = f"{found}{text[at]} {ending} ", at + 2 + len(ending)
        else:
            found, at = found + text[at], at + 1
    return found


def _halves(text: str, first: str, second: str, *, led_by_space: bool) -> str:
    whole, found, at = first + second, "", 0
    while at < len(text):
        begin = at + led_by_space
        end = begin + len(whole)
        here = _same_letters(text[begin:end], whole) and (
            text[at] == " " if led_by_space else _border(text, at)
        )
        if here and (text[end : end + 1] == " " if first == "wan" else _border(text, end)):
            middle = begin + len(first)
            found, at = f"{found} {text[begin:middle]} {text[middle:end]} ", end
        else:
            found, at = found + text[at], at + 1
    return found


def longest_common_run(one: Sequence[str], other: Sequence[str]) -> int:
    """The longest run of tokens that is in both, by trying all."""
    longest = 0
    for i in range(len(one)):
        for j in range(len(other)):
            k = 0
            while i + k < len(one) and j + k < len(other) and one[i + k] == other[j + k]:
                k += 1
            longest = max(longest, k)
    return longest


def run_f1(said: Sequence[str], wanted: Sequence[str]) -> float:
    """F1 of two sequences of tokens, by their longest common run."""
    shared = longest_common_run(said, wanted)
    if shared == 0:
        return 0.0
    p = 1.0 * shared / len(said)
    r = 1.0 * shared / len(wanted)
    return (2 * p * r) / (p + r)


def tokens_of(text: str, rules: str) -> list[str]:
    """The tokens under the rules of that name, where those split at spaces."""
    return mlqa_tokens(text, rules[-2:]) if rules.startswith("mlqa-") else squad_tokens(text)


def overlap_f1(said: Sequence[str], wanted: Sequence[str], both_empty: float) -> float:
    """F1 of two bags of tokens."""
    if not said and not wanted:
        return both_empty
    rest, shared = list(wanted), 0
    for token in said:
        if token in rest:
            rest.remove(token)
            shared += 1
    if shared == 0:
        return 0.0
    p = 1.0 * shared / len(said)
    r = 1.0 * shared / len(wanted)
    return (2 * p * r) / (p + r)


def plain_score(prediction: str, golds: Sequence[str], rules: str) -> tuple[float, float]:
    """Exact match and F1 of one answer; ValueError without golds, where the script has nothing to take."""
    if rules == "korquad-v1":
        said, form = list(korquad_text(prediction).replace(" ", "")), korquad_text(prediction)
        overlaps = [overlap_f1(said, list(korquad_text(gold).replace(" ", "")), 0.0) for gold in golds]
        return max(float(form == korquad_text(gold)) for gold in golds), max(overlaps)
    if rules in ("cmrc2018", "drcd"):
        same = [float(cmrc_text(prediction) == cmrc_text(gold)) for gold in golds]
        return max(same), max(run_f1(cmrc_tokens(prediction), cmrc_tokens(gold)) for gold in golds)
    if rules == "squad-v2.0":
        golds = [gold for gold in golds if tokens_of(gold, rules)] or [""]
    said = tokens_of(prediction, rules)
    exact = [float(said == tokens_of(gold, rules)) for gold in golds]
    both_empty = 1.0 if rules == "squad-v2.0" else 0.0
    return max(exact), max(overlap_f1(said, tokens_of(gold, rules), both_empty) for gold in golds)


def plain_means(
    questions: Sequence[Question], predictions: Mapping[str, str], rules: str
) -> dict[str, float]:
    """What the scripts of sets without unanswerable questions print; a missing prediction counts as 0."""
    exact = f1 = 0.0
    for id, golds in questions:
        if id in predictions:
            scored = plain_score(predictions[id], golds, rules)
            exact, f1 = exact + scored[0], f1 + scored[1]
    exact, f1 = 100.0 * exact / len(questions), 100.0 * f1 / len(questions)
    means = {"exact_match": exact, "f1": f1}
    if rules in ("cmrc2018", "drcd"):
        skipped = sum(id not in predictions for id, _ in questions)
        own = {"AVERAGE": (exact + f1) * 0.5, "F1": f1, "EM": exact, "TOTAL": len(questions), "SKIP": skipped}
        return own | means
    return means


def plain_v2(
    questions: Sequence[Question],
    predictions: Mapping[str, str],
    no_answer: Mapping[str, float] | None = None,
    threshold: float = 1.0,
) -> dict[str, float]:
    """What the script of SQuAD 2.0 prints; KeyError where a question has no prediction, as there."""
    answerable = {id: bool(golds) for id, golds in questions}
    raw = {id: plain_score(predictions[id], g, "squad-v2.0") for id, g in questions if id in predictions}
    probabilities = no_answer if no_answer is not None else dict.fromkeys(predictions, 0.0)
    printed: dict[str, float] = {}
    for prefix, member in (("", None), ("HasAns_", True), ("NoAns_", False)):
        ids = list(raw) if member is None else [i for i, has in answerable.items() if has is member]
        if not ids and member is not None:
            continue
        for column, name in enumerate(("exact", "f1")):
            total = 0.0
            for id in ids:
                refused = probabilities[id] > threshold
                total += float(not answerable[id]) if refused else raw[id][column]
            printed[f"{prefix}{name}"] = 100.0 * total / len(ids)
        printed[f"{prefix}total"] = len(ids)
    if no_answer is not None:
        for column, name in enumerate(("exact", "f1")):
            best, place = _official_search(
                answerable, predictions, {i: s[column] for i, s in raw.items()}, no_answer
            )
            printed |= {f"best_{name}": best, f"best_{name}_thresh": place}
    return printed


def _official_search(
    answerable: Mapping[str, bool],
    predictions: Mapping[str, str],
    raw: Mapping[str, float],
    no_answer: Mapping[str, float],
) -> tuple[float, float]:
    """The search as the script does it, ties and all."""
    score: float = sum(not has for has in answerable.values())
    best, place = score, 0.0
    for id in sorted(no_answer, key=lambda i: no_answer[i]):
        if id in raw:
            if answerable[id]:
                score += raw[id]
            elif predictions[id]:
                score -= 1
            if score > best:
                best, place = score, no_answer[id]
    return 100.0 * best / len(raw), place


def best_reachable(
    questions: Sequence[Question],
    predictions: Mapping[str, str],
    no_answer: Mapping[str, float],
    column: int,
) -> float:
    """The best percentage that any threshold reaches, by trying one in every gap; missing answers score 0.

    Where there is no answer any text is wrong, as in the script's search.
    """
    reached = []
    for threshold in [min(no_answer.values(), default=0.0) - 1.0, *no_answer.values()]:
        total = 0.0
        for id, golds in questions:
            if id in predictions:
                if no_answer.get(id, -1e300) > threshold:
                    total += float(not golds)
                elif golds:
                    total += plain_score(predictions[id], golds, "squad-v2.0")[column]
                else:
                    total += float(predictions[id] == "")
        reached.append(100.0 * total / len(questions))
    return max(reached)
