"""What the heuristics answer, and that they depend on nothing but question, text and seed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_eval.errors import SpecError
from qa_eval.matching.answer_types import ExpressionType, asked_type
from qa_eval.models.baselines import BASELINES, MAX_RANDOM_WORDS, MAX_WINDOW_WORDS, N_BEST
from qa_eval.models.expressions import find_expressions
from qa_eval.models.registry import resolve
from qa_eval.records import Instance, Prediction, Runtime

TEXT = (
    "The river town has two bridges. A mill was built by Anna Berg in 1872, and it burnt for three days in "
    "May 1901. About 40% of the 1,250 people who lived there moved to Oslo. Berg, 61, sold it for "
    "$20 million."
)
NAMES = list(BASELINES)


def ask(name: str, question: str, text: str = TEXT, seed: int = 0) -> Prediction:
    model = resolve(f"baseline:{name}", runtime=Runtime(seed=seed))
    (prediction,) = model.predict([Instance(item="q@a", question=question, context=text, article="a")])
    return prediction


def first(name: str, question: str, text: str = TEXT) -> str:
    n_best = ask(name, question, text).n_best
    return n_best[0].text if n_best else ""


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many people lived there?", "two"),
        ("How long did the fire burn?", "three days"),
        ("When was the mill built?", "1872"),
        ("In which month did it burn?", "1872"),
        ("Who built the mill?", "Anna Berg"),
        ("Where did people move?", "Anna Berg"),
        ("What share of the people moved?", "40%"),
        ("How old was the seller?", "61"),
        ("How much money did the sale bring?", "$20 million"),
        ("Why did the mill burn?", ""),
        ("Did Anna Berg leave, and whom did she meet?", "Oslo"),
    ],
)
def test_first_of_type_answers_with_the_first_thing_of_the_kind_asked_for(question: str, answer: str) -> None:
    prediction = ask("first-of-type", question)
    assert (prediction.n_best[0].text if prediction.n_best else "") == answer
    assert prediction.text == ("" if not answer else None)


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many weeks did it last?", "duration"),
        ("How many soldiers died?", "number"),
        ("What was the number of visitors?", "number"),
        ("How much money was lost?", "money"),
        ("At what age did he die?", "age"),
        ("On which day did it fall?", "date"),
        ("Whose army was it?", "name"),
        ("Which city was taken?", "name"),
        ("Why?", None),
        ("", None),
    ],
)
def test_the_questions_own_words_say_what_it_asks_for(question: str, kind: str | None) -> None:
    assert asked_type(question, likely=True) == kind


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("number", "Over 400 of 1,250.5 men, twenty-five left", ["400", "1,250.5", "twenty-five"]),
        ("number", "two million or 2 million", ["two million", "2 million"]),
        ("number", "one of them, a hundred of us, scores of guns", ["a hundred", "scores"]),
        ("number", "the 3rd and B52", []),
        ("duration", "a three-week siege of ten months", ["three-week", "ten months"]),
        ("age", "an 81-year-old, aged 60", ["81", "60"]),
        ("date", "Sunday, 27 March 2016, May 2015 and 1872", ["Sunday, 27 March 2016", "May 2015", "1872"]),
        ("date", "April 3, 2016", ["April 3, 2016"]),
        ("percent", "10% or 5 percent", ["10%", "5 percent"]),
        ("money", "€1,000 and 5 million dollars", ["€1,000", "5 million dollars"]),
        ("name", "Then Anna of the Museum met Élise on Sunday.", ["Then Anna of the Museum", "Élise"]),
        ("name", "They left. Berg stayed. “Anna” left in May", []),
    ],
)  # fmt: skip
def test_expressions_are_found_by_shape(kind: ExpressionType, text: str, found: list[str]) -> None:
    assert [span.text(text) for span in find_expressions(kind, text)] == found


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        pytest.param("Who was the mill built by?", "Anna Berg", id="beside the question's words"),
        pytest.param("How many people lived there?", "1,250", id="the sentence that shares most words"),
        pytest.param("What burnt in May 1901?", "three days", id="runs of words outside the question"),
        pytest.param("", "", id="no question, no answer"),
    ],
)
def test_sliding_window_answers_where_the_questions_words_crowd(question: str, answer: str) -> None:
    assert first("sliding-window", question) == answer


def test_sliding_window_candidates_are_phrases_of_one_sentence() -> None:
    for candidate in ask("sliding-window", "Who built the mill in the town?").n_best:
        assert not set(".,") & set(candidate.text.replace("1,250", ""))
        words = candidate.text.split()
        assert len(words) <= MAX_WINDOW_WORDS
        assert not {words[0].lower(), words[-1].lower()} & {"the", "a", "by", "in", "it"}


def test_random_spans_are_even_over_all_spans() -> None:
    counts: dict[str, int] = {}
    asked = [Instance(item=f"{n}@a", question=f"question {n}", context="one two three") for n in range(3000)]
    for prediction in resolve("baseline:random-span").predict(asked):
        text = prediction.n_best[0].text
        counts[text] = counts.get(text, 0) + 1
    assert sorted(counts) == sorted(["one", "two", "three", "one two", "two three", "one two three"])
    assert all(abs(count - 500) < 100 for count in counts.values())


def test_random_spans_depend_on_seed_question_and_text_and_on_nothing_else() -> None:
    instances = [Instance(item=f"{n}@a", question=f"q{n}", context=TEXT) for n in range(5)]
    model = resolve("baseline:random-span")
    forwards = {p.item: p for p in model.predict(instances)}
    backwards = {p.item: p for p in model.predict(instances[::-1])}
    assert forwards == backwards
    assert len({p.n_best for p in forwards.values()}) == 5
    assert ask("random-span", "q", seed=1) != ask("random-span", "q", seed=2)
    assert ask("random-span", "q", TEXT) != ask("random-span", "q", TEXT + " More.")


@given(
    st.sampled_from(NAMES),
    st.text(max_size=60),
    st.one_of(st.text(max_size=200), st.lists(st.sampled_from(TEXT.split())).map(" ".join)),
)
def test_every_baseline_answers_any_question_to_any_text(name: str, question: str, text: str) -> None:
    prediction = ask(name, question, text)
    spans = [(c.start, c.end) for c in prediction.n_best]
    assert len(set(spans)) == len(spans) <= N_BEST
    assert [c.score for c in prediction.n_best] == sorted((c.score for c in prediction.n_best), reverse=True)
    for candidate in prediction.n_best:
        assert candidate.text == text[candidate.start : candidate.end]
        assert candidate.text.strip()
        assert candidate.article == "a"
    assert prediction.error is None
    assert prediction.null_score is None


def test_abstaining_is_a_final_empty_answer() -> None:
    assert ask("abstain", "Who?") == Prediction(item="q@a", text="")


def test_random_spans_are_at_most_thirty_words() -> None:
    for candidate in ask("random-span", "q", "w " * 200).n_best:
        assert len(candidate.text.split()) <= MAX_RANDOM_WORDS


def test_fingerprints_tell_baselines_apart_and_seeds_where_they_matter() -> None:
    prints = {resolve(f"baseline:{name}").info.fingerprint for name in NAMES}
    assert len(prints) == len(NAMES)
    for name in NAMES:
        seeded = resolve(f"baseline:{name}", runtime=Runtime(seed=5)).info.fingerprint
        assert (seeded != resolve(f"baseline:{name}").info.fingerprint) is (name == "random-span")


def test_options_are_refused() -> None:
    with pytest.raises(SpecError, match="a baseline has no options"):
        resolve("baseline:abstain?seed=1")
