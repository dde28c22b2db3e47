"""The local engine: whatever a model does, every item ends as an answer, an error or not at all."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from qa_eval.errors import ModelError
from qa_eval.evaluation.engines.engine import Group, ModelFailedError
from qa_eval.evaluation.engines.local import LocalEngine, checked
from qa_eval.records import Candidate, Instance, NBest, Prediction
from tests.support.fake_models import TEXTS, FakeModel, hashed_prediction


def instances(count: int) -> list[Instance]:
    return [
        Instance(item=f"f{i}@a", question=f"Who is number {i}?", context=TEXTS["a"], article="a")
        for i in range(count)
    ]


def answered(model: object, count: int, known_good: bool = False, **options: int) -> dict[str, Prediction]:
    engine = LocalEngine(**options)
    asking = engine.predict(model, instances(count), known_good=known_good)  # type: ignore[arg-type]
    found = [prediction for some in asking for prediction in some]
    assert len({p.item for p in found}) == len(found), "each is handed over once"
    return {p.item: p for p in found}


@dataclass
class Scripted:
    """Yields what it is told, whatever it is asked."""

    script: Sequence[object] = ()
    calls: list[int] = field(default_factory=list)

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        self.calls.append(len(instances))
        for step in self.script:
            if isinstance(step, BaseException):
                raise step
            yield step  # type: ignore[misc]


@pytest.mark.parametrize("chunk", [1, 3, 512])
def test_every_item_is_answered_once_whatever_the_chunks(chunk: int) -> None:
    model = FakeModel()
    found = answered(model, 10, chunk=chunk)
    assert found == {i.item: hashed_prediction(i, "fake") for i in instances(10)}
    assert len(model.asked) == 10


def test_nothing_to_ask_asks_nothing() -> None:
    model = Scripted()
    assert answered(model, 0) == {}
    assert model.calls == []


def test_an_item_that_raises_is_that_items_error_and_the_others_are_answered() -> None:
    model = FakeModel(fails=lambda i: ValueError("no\nway") if i.item in ("f3@a", "f7@a") else None)
    found = answered(model, 10)
    assert {item: p.error for item, p in found.items() if p.error is not None} == {
        "f3@a": "ValueError: no way",
        "f7@a": "ValueError: no way",
    }
    assert len(found) == 10
    assert model.asked.count("f0@a") == 1, "what was answered before the failure is not asked again"


def test_a_model_that_answers_out_of_order_and_leaves_some_out_is_taken_at_its_word() -> None:
    @dataclass
    class Backwards:
        def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
            for instance in list(instances)[:0:-1]:
                yield hashed_prediction(instance)

    assert list(answered(Backwards(), 4)) == ["f3@a", "f2@a", "f1@a"]


@pytest.mark.parametrize("count", [1, 3, 300])
def test_a_model_that_fails_on_everything_is_given_up_soon(count: int) -> None:
    model = FakeModel(fails=lambda instance: RuntimeError("no weights"))
    with pytest.raises(ModelFailedError) as caught:
        answered(model, count)
    assert str(caught.value) == "RuntimeError: no weights"
    assert len(model.asked) < 25


@dataclass
class Reports:
    """A model that reports an error for every item."""

    of_item: bool

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        for instance in instances:
            yield Prediction(item=instance.item, error="no answer", error_of_item=self.of_item)


def test_errors_that_are_due_to_the_items_do_not_make_a_model_fail() -> None:
    found = answered(Reports(of_item=True), 30)
    assert [(p.error, p.error_of_item) for p in found.values()] == [("no answer", True)] * 30
    with pytest.raises(ModelFailedError, match="no answer"):
        answered(Reports(of_item=False), 30)


def test_a_model_that_has_answered_before_may_fail_on_the_little_that_is_left() -> None:
    model = FakeModel(fails=lambda instance: RuntimeError("too long"))
    found = answered(model, 2, known_good=True)
    assert [p.error for p in found.values()] == ["RuntimeError: too long"] * 2
    with pytest.raises(ModelFailedError):
        answered(model, 30, known_good=True)


def test_a_model_that_says_itself_that_it_cannot_be_used_is_not_asked_again() -> None:
    model = Scripted([ModelError("the weights are damaged")])
    with pytest.raises(ModelFailedError) as caught:
        answered(model, 8)
    assert str(caught.value) == "the weights are damaged"
    assert model.calls == [8]


GOOD = hashed_prediction(instances(1)[0])


@pytest.mark.parametrize(
    ("script", "message"),
    [
        pytest.param([GOOD, GOOD], "item 'f0@a' was answered twice", id="twice"),
        pytest.param(
            [replace(GOOD, item="x@y")], "item 'x@y' was answered without being asked", id="unasked"
        ),
        pytest.param(["180"], "it returned a str, not a Prediction", id="no prediction"),
    ],
)
def test_a_model_that_breaks_the_protocol_fails_by_name(script: list[object], message: str) -> None:
    with pytest.raises(ModelFailedError) as caught:
        answered(Scripted(script), 2)
    assert str(caught.value) == message


def test_an_interruption_hands_over_what_is_done_and_passes_through() -> None:
    asking = LocalEngine().predict(Scripted([GOOD, KeyboardInterrupt()]), instances(3))
    assert next(asking) == [GOOD]
    with pytest.raises(KeyboardInterrupt):
        next(asking)


def test_answers_are_handed_over_while_the_model_goes_on() -> None:
    model = FakeModel(delay=0.02)
    handed = [len(some) for some in LocalEngine(hand_over_seconds=0.05).predict(model, instances(10))]
    assert sum(handed) == 10
    assert len(handed) >= 3


def test_the_last_answers_of_a_group_say_so_also_of_a_group_without_instances() -> None:
    groups = [Group(instances(2)), Group([]), Group(instances(1))]
    given = list(LocalEngine().answer(FakeModel(), groups))
    assert [one.group for one in given if one.last] == groups
    answered = [(groups.index(one.group), p.item) for one in given for p in one.predictions]
    assert answered == [(0, "f0@a"), (0, "f1@a"), (2, "f0@a")]


def test_two_instances_with_one_id_are_a_callers_error() -> None:
    with pytest.raises(ValueError, match="two instances have the same item id"):
        list(LocalEngine().predict(FakeModel(), instances(1) * 2))


# ------------------------------------------------------------------------------------------ checking


INSTANCE = instances(1)[0]


def spans(*candidates: Candidate, **more: float) -> Prediction:
    return Prediction(item=INSTANCE.item, n_best=candidates, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("prediction", "error"),
    [
        pytest.param(
            spans(Candidate(text="180", start=0, end=3)),
            "ValueError: candidate 1: '180' is not the text at 0:3, which is 'The'",
            id="a span elsewhere",
        ),
        pytest.param(
            spans(Candidate(text="The", start=0)),
            "ValueError: candidate 1: has only one of start and end; give both or none",
            id="half a span",
        ),
        pytest.param(
            spans(Candidate(text="", start=-1, end=-1)),
            "ValueError: candidate 1: '' is not the text at -1:-1, which is ''",
            id="a negative span",
        ),
        pytest.param(
            spans(Candidate(text="x", score=float("nan"))),
            "ValueError: candidate 1: score: nan is not a finite number",
            id="a score that is not a number",
        ),
        pytest.param(
            spans(null_score=float("inf")),
            "ValueError: null_score: inf is not a finite number",
            id="infinite",
        ),
        pytest.param(
            spans(no_answer_probability=1.5),
            "ValueError: no_answer_probability: 1.5 is not a probability",
            id="no probability",
        ),
        pytest.param(
            Prediction(item=INSTANCE.item, text="\ud800"),
            "ValueError: text: '\\ud800' is not valid Unicode",
            id="half a character",
        ),
        pytest.param(
            Prediction(item=INSTANCE.item, text=180),  # type: ignore[arg-type]
            "ValueError: text: 180 is an int; it should be a text, or None",
            id="a number for a text",
        ),
        pytest.param(
            spans("a", "b"),  # type: ignore[arg-type]
            "ValueError: candidate 1: 'a' is a str; it should be a Candidate",
            id="a text for a candidate",
        ),
        pytest.param(
            Prediction(item=INSTANCE.item, n_best="ab"),  # type: ignore[arg-type]
            "ValueError: n_best: 'ab' is a str; it should be the candidates, best first",
            id="a text for the candidates",
        ),
        pytest.param(
            Prediction(item=INSTANCE.item, n_best=None),  # type: ignore[arg-type]
            "ValueError: n_best: is None; it should be the candidates, best first",
            id="None for the candidates",
        ),
        pytest.param(
            spans(Candidate(text="x"), Candidate(text=None)),  # type: ignore[arg-type]
            "ValueError: candidate 2: text: is None; it should be a text",
            id="a candidate without a text",
        ),
        pytest.param(
            spans(Candidate(text="x", score="1")),  # type: ignore[arg-type]
            "ValueError: candidate 1: score: '1' is a str; it should be a finite number",
            id="a score as a text",
        ),
        pytest.param(
            spans(Candidate(text="x", score=10**400)),
            f"ValueError: candidate 1: score: 1{'0' * 58}… is not a finite number",
            id="a score that no float holds",
        ),
        pytest.param(
            spans(Candidate(text="x", start=0.5, end=1.5)),  # type: ignore[arg-type]
            "ValueError: candidate 1: start: 0.5 is a float; it should be a whole number",
            id="an offset between characters",
        ),
        pytest.param(
            spans(Candidate(text="x", article=5)),  # type: ignore[arg-type]
            "ValueError: candidate 1: article: 5 is an int; it should be the id of an article, or None",
            id="a number for an article",
        ),
        pytest.param(
            spans(Candidate(text="x", score=0.0), Candidate(text="y", score=1.0)),
            "ValueError: candidate 2: its score 1 is greater than 0, that of the candidate before; "
            "n_best goes from best to worst",
            id="not best first",
        ),
        pytest.param(spans(windows=-1), "ValueError: windows: -1 is less than 0", id="less than no window"),
        pytest.param(
            spans(tokens="many"),  # type: ignore[arg-type]
            "ValueError: tokens: 'many' is a str; it should be a finite number",
            id="no number of tokens",
        ),
        pytest.param(
            Prediction(item=INSTANCE.item, error="half \ud83d"),
            "half \\ud83d",
            id="half a character in an error",
        ),
        pytest.param(Prediction(item=INSTANCE.item, error=5), "5", id="an error that is no text"),  # type: ignore[arg-type]
    ],
)
def test_a_prediction_that_cannot_be_is_that_items_error(prediction: Prediction, error: str) -> None:
    assert checked(prediction, INSTANCE) == Prediction(item=INSTANCE.item, error=error)


@pytest.mark.parametrize("column", ["texts", "articles", "starts", "ends", "scores", "probabilities"])
@pytest.mark.parametrize(
    "value",
    [
        *(None, True, -1, 0, 1, 3, 10**6, np.int64(0), np.int64(1), np.int64(3)),
        *(0.0, -0.0, 0.5, 1.0, 2.0, math.nan, math.inf, -math.inf, np.float32(0.5), np.float64(1.0)),
        *("", "T", "The", "he ", "a", "b", "\ud800", np.str_("The"), np.str_("a"), ("The",), ["T", "h", "e"]),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_columns_of_candidates_are_checked_as_the_candidates_are(
    column: str, value: object, place: int
) -> None:
    columns = {
        "texts": ("The", "he"),
        "articles": ("a", "a"),
        "starts": (0, 1),
        "ends": (3, 3),
        "scores": (1.0, 0.5),
        "probabilities": (0.5, None),
    }
    values = list(columns[column])
    values[place] = value
    given = NBest(**{**columns, column: tuple(values)})  # type: ignore[arg-type]
    found = checked(Prediction(item=INSTANCE.item, n_best=given), INSTANCE)
    one_by_one = checked(Prediction(item=INSTANCE.item, n_best=tuple(given)), INSTANCE)
    assert repr(found) == repr(one_by_one)  # tells numbers of different types and signs apart


def test_numbers_become_plain_and_articles_are_filled_in() -> None:
    raw = Prediction(
        item=INSTANCE.item,
        n_best=(
            Candidate(text="The", start=np.int64(0), end=np.int64(3), score=np.float32(0.5)),  # type: ignore[arg-type]
        ),
        null_score=np.float32(2.0),  # type: ignore[arg-type]
    )
    found = checked(raw, INSTANCE)
    assert found.n_best == (Candidate(text="The", article="a", start=0, end=3, score=0.5),)
    assert type(found.null_score) is float
    assert type(found.n_best[0].start) is int


@pytest.mark.parametrize(
    "prediction",
    [
        pytest.param(spans("a"), id="a text for a candidate"),  # type: ignore[arg-type]
        pytest.param(spans(Candidate(text="x", score=10**400)), id="a score that no float holds"),
    ],
)
def test_items_that_break_the_protocol_are_errors_and_not_missing(prediction: Prediction) -> None:
    model = Scripted([replace(prediction, item=f"f{n}@a") for n in range(3)])
    found: list[Prediction] = []

    def ask() -> None:
        for some in LocalEngine().predict(model, instances(3)):
            found.extend(some)

    with pytest.raises(ModelFailedError, match="candidate 1: "):
        ask()
    assert [p.error is None for p in found] == [False] * 3
    assert model.calls == [3], "none is asked again"


class MuteError(Exception):
    """An error that cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        pytest.param(
            RuntimeError("<b>boom</b>\n\ud83d"), "RuntimeError: <b>boom</b> \\ud83d", id="half a character"
        ),
        pytest.param(MuteError(), "MuteError", id="nothing to say"),
        pytest.param(ModelError("no \ud83d"), "no \\ud83d", id="of the model itself"),
    ],
)
def test_the_reason_of_a_failure_can_be_written(error: Exception, said: str) -> None:
    with pytest.raises(ModelFailedError) as caught:
        answered(Scripted([error]), 1)
    assert str(caught.value) == said


def test_an_error_stands_alone() -> None:
    failed = replace(GOOD, error="question longer than the window")
    assert checked(failed, INSTANCE) == Prediction(item="f0@a", error="question longer than the window")


def test_an_answer_to_all_articles_keeps_its_candidates_articles() -> None:
    pooled = Instance(item="dead@*", question="How many?", context="", article="*")
    said = Prediction(
        item="dead@*",
        n_best=(Candidate(text="180", article="a", start=5, end=8), Candidate(text="194", start=0, end=3)),
    )
    assert checked(said, pooled).n_best == said.n_best
