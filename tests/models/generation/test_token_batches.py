"""Batches of prompts: what joins, what happens when memory runs out, and what each prompt gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from qa_eval.models.generation.generator import Generation, Message, Prompt, Sampling
from qa_eval.models.generation.prompt_texts import PromptTexts
from qa_eval.models.generation.token_batches import BatchedGenerator, Limits, Written
from qa_eval.models.reading.reader import OutOfMemoryError


class Letters:
    """A tokenizer with an id for each character."""

    def encode(self, text: str, *, special: bool) -> list[int]:
        return [0] * special + [ord(c) for c in text]

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(map(chr, ids))


@dataclass
class Backwards:
    """A writer that writes a prompt backwards. It records its batches, and holds so many tokens at most."""

    pads: bool = True
    alone: bool = False
    memory: int = 10**9
    breaks_at: str = ""
    sizes: list[int] = field(default_factory=list)

    def write(self, prompts: Sequence[Sequence[int]], sampling: Sampling) -> list[Written]:
        self.sizes.append(len(prompts))
        if len(prompts) * (max(map(len, prompts)) + sampling.max_tokens) > self.memory:
            raise OutOfMemoryError("no room")
        found = []
        for prompt in prompts:
            text = "".join(map(chr, prompt))
            if self.breaks_at and self.breaks_at in text:
                raise RuntimeError("cannot write this")
            ids = tuple(prompt[::-1])
            numbers = (-0.5,) * len(ids)
            found.append(Written(ids, numbers, numbers, text[::-1], True, (True,) * len(ids)))
        return found


def generator(writer: Backwards, limits: Limits | None = None, batch_tokens: int = 100) -> BatchedGenerator:
    texts = PromptTexts("tiny", Letters(), None, continues=False)
    return BatchedGenerator(texts, limits or Limits(), lambda: writer, batch_tokens=batch_tokens)


def prompts(*texts: str) -> list[Prompt]:
    return [Prompt((Message("user", text),)) for text in texts]


def texts_of(found: list[tuple[int, Generation | Exception]]) -> dict[int, str]:
    return {n: one.text if isinstance(one, Generation) else f"{one}" for n, one in found}


FOUR = Sampling(max_tokens=4)


@pytest.mark.parametrize(
    ("writer", "sizes"),
    [
        # Prompts have 2, 3, 3, 6 and 11 tokens with the special token; an answer may have 4.
        (Backwards(), [3, 2]),
        (Backwards(pads=False), [1, 2, 1, 1]),
        (Backwards(alone=True), [1, 1, 1, 1, 1]),
    ],
)
def test_a_batch_holds_at_most_its_number_of_tokens(writer: Backwards, sizes: list[int]) -> None:
    made = generator(writer, batch_tokens=30)
    found = list(made.generate(prompts("abcdefghij", "ab", "a", "cd", "abcde"), FOUR))
    assert writer.sizes == sizes
    assert texts_of(found) == {
        0: "jihgfedcba\x00",
        1: "ba\x00",
        2: "a\x00",
        3: "dc\x00",
        4: "edcba\x00",
    }


def test_a_batch_that_is_too_large_is_halved_and_later_batches_are_smaller() -> None:
    writer = Backwards(memory=14)  # two prompts of 3 tokens with answers of 4
    made = generator(writer, batch_tokens=10_000)
    asked = prompts(*["ab", "cd", "ef", "gh"])
    assert texts_of(list(made.generate(asked, FOUR))) == {0: "ba\0", 1: "dc\0", 2: "fe\0", 3: "hg\0"}
    assert writer.sizes == [4, 2, 2]
    writer.sizes.clear()
    assert len(list(made.generate(asked, FOUR))) == 4
    assert writer.sizes == [2, 2]


def test_a_prompt_without_room_gets_an_error_of_its_own() -> None:
    made = generator(Backwards(memory=10))
    found = texts_of(list(made.generate(prompts("ab", "abcdefghij"), FOUR)))
    assert found[0] == "ba\0"
    assert found[1] == "the model fails on a prompt of 11 tokens: out of memory: no room"


def test_a_prompt_on_which_the_model_fails_does_not_fail_the_others() -> None:
    found = texts_of(list(generator(Backwards(breaks_at="x")).generate(prompts("ab", "xy", "cd"), FOUR)))
    assert (found[0], found[2]) == ("ba\0", "dc\0")
    assert found[1] == "the model fails on a prompt of 3 tokens: RuntimeError: cannot write this"


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(total=14), "the prompt has 11 tokens and the answer may have 4; the model takes 14 together"),
        (
            Limits(prompt=10),
            "the prompt has 11 tokens and the answer may have 4; the model takes 10 in a prompt",
        ),
        (
            Limits(answer=3),
            "the prompt has 11 tokens and the answer may have 4; the model takes 3 in an answer",
        ),
        (Limits(total=15, prompt=11, answer=4), None),
    ],
)
def test_what_does_not_fit_is_an_error_that_names_the_length(limits: Limits, message: str | None) -> None:
    writer = Backwards()
    [(_, found)] = generator(writer, limits).generate(prompts("abcdefghij"), FOUR)
    if message is None:
        assert isinstance(found, Generation)
    else:
        assert str(found) == message
        assert writer.sizes == []


def test_probabilities_that_are_not_numbers_are_an_error() -> None:
    class Broken(Backwards):
        def write(self, prompts: Sequence[Sequence[int]], sampling: Sampling) -> list[Written]:
            return [Written((1,), (float("nan"),), (0.0,), "a", True, (True,)) for _ in prompts]

    [(_, found)] = generator(Broken()).generate(prompts("ab"), FOUR)
    assert str(found) == "the model computed probabilities that are not numbers"


def test_the_mean_is_that_of_the_words() -> None:
    ended = Written((7, 8, 2), (-1.0, -2.0, -9.0), (0.0,) * 3, "ab", True, (True, True, False))
    empty = Written((2,), (-0.25,), (0.0,), "", True, (False,))
    assert (ended.mean_logprob, empty.mean_logprob) == (-1.5, -0.25)


def test_weights_are_loaded_once_and_again_after_close() -> None:
    loads: list[int] = []
    made = BatchedGenerator(
        PromptTexts("tiny", Letters(), None, continues=False),
        Limits(),
        lambda: loads.append(1) or Backwards(),  # type: ignore[func-returns-value]
        batch_tokens=10,
    )
    assert made.count_tokens(prompts("abc")[0]) == 4
    assert loads == []
    for _ in range(2):
        assert len(list(made.generate(prompts("ab", "cd"), FOUR))) == 2
    assert loads == [1]
    made.close()
    assert len(list(made.generate(prompts("ab"), FOUR))) == 1
    assert loads == [1, 1]
