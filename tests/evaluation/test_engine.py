"""The local engine: whatever a model does, every item ends as an answer, an error or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from qa_eval.errors import ModelError
from qa_eval.evaluation.engines.engine import Group, ModelFailedError
from qa_eval.evaluation.engines.local import LocalEngine, checked
from qa_eval.records import Candidate, Instance, Prediction
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
            "ValueError: candidate 1: nan is not a finite number",
            id="a score that is not a number",
        ),
        pytest.param(
            spans(null_score=float("inf")),
            "ValueError: null score: inf is not a finite number",
            id="infinite",
        ),
        pytest.param(
            spans(no_answer_probability=1.5),
            "ValueError: no-answer probability: 1.5 is not a probability",
            id="no probability",
        ),
        pytest.param(
            Prediction(item=INSTANCE.item, text="\ud800"),
            "ValueError: answer: '\\ud800' is not valid Unicode",
            id="half a character",
        ),
        pytest.param(
            Prediction(item=INSTANCE.item, text=180),  # type: ignore[arg-type]
            "TypeError: answer: is a int, not a text",
            id="a number for a text",
        ),
    ],
)
def test_a_prediction_that_cannot_be_is_that_items_error(prediction: Prediction, error: str) -> None:
    assert checked(prediction, INSTANCE) == Prediction(item=INSTANCE.item, error=error)


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
