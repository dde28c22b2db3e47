"""From messages to texts and tokens: chat templates of all sorts, and plain prompts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import transformers
from tokenizers import Tokenizer, processors

from qa_eval.errors import ModelError
from qa_eval.models.generation.generator import Message, Prompt
from qa_eval.models.generation.language_checkpoints import OwnTokens, own_tokens, template_of
from qa_eval.models.generation.prompt_texts import FIXED_DATE, PromptTexts
from tests.support.tiny_language_models import CHAT, decoder_tokens, ended

SYSTEM, USER = Message("system", "Be short."), Message("user", "Who was it?")
BOTH = Prompt((SYSTEM, USER))
RAISES = "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
USERS = "{% for m in messages if m.role == 'user' %}[{{ m.content }}]{% endfor %}"


def built(template: str | None) -> Any:
    raw, special = decoder_tokens()
    make: Any = transformers.PreTrainedTokenizerFast
    tokenizer = make(tokenizer_object=Tokenizer.from_str(raw.to_str()), **special)
    tokenizer.chat_template = template
    return tokenizer


def texts(template: str | None, *, continues: bool = True) -> PromptTexts:
    tokenizer = built(template)
    tokens = OwnTokens(tokenizer.backend_tokenizer)
    return PromptTexts("tiny", tokens, template_of("tiny", tokenizer), continues)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (CHAT, "<s><|system|>\nBe short.</s>\n<|user|>\nWho was it?</s>\n<|assistant|>\n"),
        # A template that raises, and one that silently leaves the message out.
        (RAISES + USERS, "[Be short.\n\nWho was it?]"),
        (USERS, "[Be short.\n\nWho was it?]"),
        (None, "Be short.\n\nWho was it?\n\nAnswer:"),
    ],
)
def test_a_system_message_is_never_lost(template: str | None, text: str) -> None:
    assert texts(template).text(BOTH) == text


def test_a_plain_prompt_of_an_encoder_has_no_cue() -> None:
    assert texts(None, continues=False).text(BOTH) == "Be short.\n\nWho was it?"


def test_earlier_answers_of_a_plain_prompt_are_marked() -> None:
    prompt = Prompt((USER, Message("assistant", "Zenobia"), Message("user", "When?")))
    assert texts(None).text(prompt) == "Who was it?\n\nAnswer: Zenobia\n\nWhen?\n\nAnswer:"


@pytest.mark.parametrize("day", ["{{ strftime_now('%d %b %Y') }}", "{% set d = strftime_now('%Y') %}{{ d }}"])
def test_the_current_day_is_always_the_same(day: str) -> None:
    assert texts(day + USERS).text(Prompt((USER,))) == f"{FIXED_DATE}[Who was it?]"


def test_a_model_that_can_think_is_asked_not_to() -> None:
    template = USERS + "{% if enable_thinking is not defined or enable_thinking %}<think>{% endif %}"
    assert texts(template).text(Prompt((USER,))) == "[Who was it?]"


def test_a_template_that_cannot_be_applied_is_an_error_with_its_reason() -> None:
    with pytest.raises(ModelError, match=r"tiny: its chat template cannot be applied: never"):
        texts("{{ raise_exception('never') }}").text(BOTH)


def test_several_templates_without_a_default_are_an_error() -> None:
    tokenizer = built(None)
    tokenizer.chat_template = {"rag": USERS, "other": USERS}
    with pytest.raises(ModelError, match="tiny: its chat template cannot be used"):
        template_of("tiny", tokenizer)
    tokenizer.chat_template = {"default": USERS, "rag": RAISES}
    template = template_of("tiny", tokenizer)
    assert template is not None
    assert template([{"role": "user", "content": "Who?"}]) == "[Who?]"


def test_a_template_writes_its_special_tokens_itself() -> None:
    chat, plain = texts(CHAT), texts(None)
    start = 0  # <s>
    assert chat.ids(BOTH).count(start) == 1
    assert plain.ids(BOTH).count(start) == 1
    assert plain.ids(BOTH)[0] == chat.ids(BOTH)[0] == start


def test_an_end_token_after_the_prompt_is_kept_for_encoders_only() -> None:
    raw, _ = ended()
    tokens = OwnTokens(Tokenizer.from_str(raw.to_str()))
    reads = PromptTexts("tiny", tokens, None, continues=False).ids(Prompt((USER,)))
    assert reads[-1] == 2
    plain = PromptTexts("tiny", tokens, None, continues=True)
    assert plain.ids(Prompt((USER,))) == tokens.encode("Who was it?\n\nAnswer:", special=False)


def test_both_ends_of_a_text_are_told_apart() -> None:
    raw, _ = decoder_tokens()
    tokenizer = Tokenizer.from_str(raw.to_str())
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    ids = PromptTexts("tiny", OwnTokens(tokenizer), None, continues=True).ids(Prompt((USER,)))
    assert (ids[0], ids.count(0), ids.count(2)) == (0, 1, 0)


def test_tokenizers_in_python_are_used_too() -> None:
    make: Any = transformers.ByT5Tokenizer
    tokens = own_tokens(make())
    ids: Sequence[int] = tokens.encode("Zenobia, naïve", special=True)
    assert ids[-1] == 1
    assert tokens.decode(ids) == "Zenobia, naïve"
