"""Checkpoints that write: every type writes as one step after another without a cache would, in any batch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from qa_eval.errors import ModelError, SpecError
from qa_eval.models.generation.generator import Generation, Message, Prompt, PromptRefusedError, Sampling
from qa_eval.models.generation.language_checkpoints import examine_language_model
from qa_eval.models.generation.token_batches import BatchedGenerator
from qa_eval.models.protocol import ModelSpec
from qa_eval.models.registry import resolve
from qa_eval.records import Instance, Runtime
from tests.support import tiny_language_models, tiny_models
from tests.support.tiny_language_models import CAUSAL, CHAT, POSITIONS, SEQ2SEQ

NEAR = 1e-4
"""Difference between the two best next tokens below which another batch may choose the other one."""
SHORT = Sampling(max_tokens=12)
TEXTS = (
    "Who?",
    "How many soldiers were killed in the battle of Palmyra, and when was it?",
    "When did the army take back the city? Was it in the year 2015 or in the year 2016?",
    "What?",
    "Which group destroyed the temple of Bel in the ancient city?",
)
PROMPTS = [Prompt((Message("user", text),)) for text in TEXTS]

Build = Callable[..., Path]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The folder of a tiny checkpoint of a type, made when it is first asked for."""
    root = tmp_path_factory.mktemp("writers")

    @cache
    def made(kind: str, chat: str | None = None, generation: str = "{}") -> Path:
        folder = root / f"{kind}-{abs(hash((chat, generation)))}"
        return tiny_language_models.build(kind, folder, chat=chat, generation=json.loads(generation))

    return made


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Matrices this small are shared out among threads at a loss."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def generator(
    folder: Path, *, runtime: Runtime | None = None, context: int | None = None
) -> BatchedGenerator:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    kind = "seq2seq" if config["model_type"] in SEQ2SEQ else "causal"
    return examine_language_model(ModelSpec(kind, str(folder)), runtime or Runtime(), context=context)[1]


def written(
    made: BatchedGenerator, sampling: Sampling = SHORT, prompts: Sequence[Prompt] = PROMPTS
) -> dict[int, Any]:
    return dict(made.generate(prompts, sampling))


@dataclass
class Slow:
    """A model that is asked one step after another, without padding, without a cache."""

    ids: list[int]
    logprobs: list[float]
    margins: list[float]

    @classmethod
    def of(cls, folder: Path, prompt: Sequence[int], tokens: int) -> Slow:
        model, start = _loaded(folder)
        for part in model.modules():
            if hasattr(part, "set_attention_type"):  # a short prompt before this one has changed it
                part.set_attention_type("block_sparse")
        found = cls([], [], [])
        while len(found.ids) < tokens and found.ids[-1:] != [2]:
            with torch.inference_mode():
                if start is None:
                    output = model(input_ids=torch.tensor([[*prompt, *found.ids]]), use_cache=False)
                else:
                    given = {"input_ids": torch.tensor([prompt]), "use_cache": False}
                    output = model(**given, decoder_input_ids=torch.tensor([[start, *found.ids]]))
            values = output.logits[0, -1].float().log_softmax(-1)
            best = values.topk(2)
            found.ids.append(int(best.indices[0]))
            found.logprobs.append(float(best.values[0]))
            found.margins.append(float(best.values[0] - best.values[1]))
        return found


@cache
def _loaded(folder: Path) -> tuple[Any, int | None]:
    config = transformers.AutoConfig.from_pretrained(folder)
    if not config.is_encoder_decoder:
        decoder: Any = transformers.AutoModelForCausalLM
        return decoder.from_pretrained(folder).eval(), None
    both: Any = transformers.AutoModelForSeq2SeqLM
    return both.from_pretrained(folder).eval(), config.decoder_start_token_id


@pytest.mark.parametrize("kind", [*CAUSAL, *SEQ2SEQ])
def test_a_type_writes_in_a_batch_as_step_by_step(build: Build, kind: str) -> None:
    folder = build(kind)
    made = generator(folder)
    found = written(made)
    ids = [made.encoded(prompt) for prompt in PROMPTS]
    near = 0
    for number, prompt in enumerate(ids):
        one = found[number]
        assert isinstance(one, Generation), one
        slow = Slow.of(folder, prompt, SHORT.max_tokens)
        if one.text != made.decoded(slow.ids):
            near += min(slow.margins) < NEAR
            assert min(slow.margins) < NEAR
            continue
        assert one.tokens_in == len(prompt)
        assert one.tokens_out == len(slow.ids)
        assert one.finish == ("stop" if slow.ids[-1] == 2 else "length")
        words = [value for value, token in zip(slow.logprobs, slow.ids, strict=True) if token not in (2, 5)]
        assert one.mean_logprob == pytest.approx(
            sum(words) / len(words) if words else slow.logprobs[0], abs=1e-4
        )
    assert near <= 1
    assert len({one.text for one in found.values()}) > 1 or kind in (
        "mamba",
        "bigbird_pegasus",
        "blenderbot",
        "switch_transformers",
    )


@pytest.mark.parametrize("kind", ["llama", "gpt2", "mamba", "t5", "bart", "led"])
def test_a_deterministic_run_writes_the_same_bytes_in_any_order(build: Build, kind: str) -> None:
    folder = build(kind)
    runtime = Runtime(deterministic=True)
    first = written(generator(folder, runtime=runtime))
    again = written(generator(folder, runtime=runtime), prompts=PROMPTS[::-1])
    alone = written(generator(folder, runtime=runtime), prompts=PROMPTS[2:3])
    assert first == {len(PROMPTS) - 1 - number: one for number, one in again.items()}
    assert first[2] == alone[0]
    assert all(isinstance(one, Generation) for one in first.values())


def test_a_model_that_sees_padding_gets_no_padding(build: Build) -> None:
    for kind, pads in (("llama", True), ("rwkv", False), ("bigbird_pegasus", False)):
        writer = generator(build(kind)).writer()
        assert (kind, writer.pads) == (kind, pads)


# ------------------------------------------------------------------------- settings of generation


OWN = {
    "do_sample": True,
    "temperature": 0.7,
    "top_k": 3,
    "repetition_penalty": 1.8,
    "no_repeat_ngram_size": 2,
    "num_beams": 4,
    "min_length": 90,
}


@pytest.mark.parametrize("kind", ["llama", "bart"])
def test_a_checkpoints_own_settings_change_nothing_and_are_named(build: Build, kind: str) -> None:
    plain, own = build(kind), build(kind, generation=json.dumps(OWN))
    assert json.loads((own / "generation_config.json").read_text("utf-8"))["repetition_penalty"] == 1.8
    assert written(generator(own)) == written(generator(plain))
    family = "causal" if kind == "llama" else "seq2seq"
    info, _ = examine_language_model(ModelSpec(family, str(own)), Runtime())
    other, _ = examine_language_model(ModelSpec(family, str(plain)), Runtime())
    assert info.tokenizer_note is not None
    for named in ("repetition_penalty 1.8", "num_beams 4", "temperature 0.7", "min_length 90"):
        assert named in info.tokenizer_note
    assert info.fingerprint != other.fingerprint
    assert info.weights_sha256 == other.weights_sha256


def test_every_end_token_of_the_settings_ends_a_text(build: Build) -> None:
    folder = build("llama")
    made = generator(folder)
    slow = Slow.of(folder, made.encoded(PROMPTS[1]), 12)
    third = slow.ids[2]
    assert third not in slow.ids[:2]
    ended = build("llama", generation=json.dumps({"eos_token_id": [2, third]}))
    one = written(generator(ended))[1]
    assert (one.tokens_out, one.finish) == (3, "stop")
    assert one.text == made.decoded(slow.ids[:2])


def test_a_forced_first_token_is_kept_and_is_no_part_of_the_answer(build: Build) -> None:
    forced = build("bart", generation=json.dumps({"forced_bos_token_id": 0}))
    one = written(generator(forced))[1]
    assert "<s>" not in one.text
    writer = generator(forced).writer()
    [first] = writer.write([generator(forced).encoded(PROMPTS[1])], SHORT)
    assert (first.ids[0], first.words[0]) == (0, False)
    assert first.logprobs[0] == pytest.approx(0.0)


# ------------------------------------------------------------------------------------- sampling, stops


def test_a_random_text_depends_on_the_seed_and_not_on_the_batch(build: Build) -> None:
    made = generator(build("llama"))
    warm = Sampling(max_tokens=12, temperature=1.5, seed=3)
    together, alone = written(made, warm), written(made, warm, PROMPTS[2:3])
    assert together[2].text == alone[0].text
    assert together[2].mean_logprob == pytest.approx(alone[0].mean_logprob, abs=1e-4)
    other = written(made, Sampling(max_tokens=12, temperature=1.5, seed=4))
    assert other[2].text != together[2].text != written(made)[2].text
    cold = written(made, Sampling(max_tokens=12, temperature=1e-4))
    assert {n: one.text for n, one in cold.items()} == {n: one.text for n, one in written(made).items()}


def test_a_text_ends_before_its_first_stop_text(build: Build) -> None:
    made = generator(build("gpt2"))
    whole = written(made)
    stop = whole[1].text[4:7]
    found = written(made, Sampling(max_tokens=12, stop=("never in it", stop)))
    assert found[1].text == whole[1].text[: whole[1].text.index(stop)]
    assert found[1].finish == "stop"
    assert found[1].tokens_out <= whole[1].tokens_out
    assert all(stop not in one.text for one in found.values())


# ------------------------------------------------------------------------------------- limits and chats


@pytest.mark.parametrize(("kind", "what"), [("gpt2", "together"), ("bart", "in a prompt")])
def test_a_prompt_beyond_the_positions_is_an_error_and_the_others_are_answered(
    build: Build, kind: str, what: str
) -> None:
    found = written(generator(build(kind)), prompts=[Prompt((Message("user", "why " * 200),)), PROMPTS[0]])
    assert isinstance(found[1], Generation)
    assert isinstance(found[0], PromptRefusedError)
    assert "the answer may have 12; the model takes" in str(found[0])
    assert str(found[0]).endswith(f"{POSITIONS} {what}")


def test_the_option_context_sets_the_limit(build: Build) -> None:
    assert generator(build("llama"), context=40).context_tokens == 40
    assert generator(build("llama"), context=4000).context_tokens == 4000  # its positions are computed
    assert generator(build("t5"), context=512).context_tokens == 512
    with pytest.raises(ModelError, match=rf"context is 4,000, but the model has {POSITIONS} positions"):
        generator(build("gpt2"), context=4000)


def test_the_option_dtype_sets_the_number_type(build: Build) -> None:
    spec = f"causal:{build('llama')}?dtype=bfloat16&max_tokens=4&context=400"
    model = resolve(spec)
    assert model.info.backend == "torch-bfloat16"
    (answer,) = model.predict([Instance(item="a@b", question="Who?", context="The army.", article="b")])
    assert (answer.error, answer.tokens_out) == (None, 4)
    with pytest.raises(SpecError, match="no dtype is called 'bf16'; the dtypes are auto, float32"):
        resolve(spec.replace("bfloat16", "bf16"))


def test_a_chat_template_is_used_and_counts(build: Build) -> None:
    plain, chat = generator(build("llama")), generator(build("llama", chat=CHAT))
    prompt = Prompt((Message("system", "Be short."), Message("user", "Who?")))
    assert chat.rendered(prompt) == "<s><|system|>\nBe short.</s>\n<|user|>\nWho?</s>\n<|assistant|>\n"
    assert plain.rendered(prompt) == "Be short.\n\nWho?\n\nAnswer:"
    assert chat.count_tokens(prompt) > plain.count_tokens(prompt)
    infos = [
        examine_language_model(ModelSpec("causal", str(folder)), Runtime())[0]
        for folder in (build("llama"), build("llama", chat=CHAT))
    ]
    assert infos[0].fingerprint != infos[1].fingerprint


# --------------------------------------------------------------------------------- what cannot be used


def _broken(folder: Path, to: Path, change: Callable[[Path], None]) -> Path:
    to.mkdir()
    for path in folder.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    change(to)
    return to


def _configured(**values: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "config.json"
        config = {**json.loads(path.read_text("utf-8")), **values}
        path.write_text(json.dumps({k: v for k, v in config.items() if v is not None}), "utf-8")

    return change


@pytest.mark.parametrize(
    ("kind", "spec", "change", "message"),
    [
        ("t5", "causal", None, r"is of type 't5', which reads with an encoder .*; write seq2seq:"),
        ("llama", "seq2seq", None, r"is of type 'llama', which has no encoder; write causal:"),
        ("llama", "causal", lambda f: (f / "tokenizer.json").unlink(), "has no tokenizer: it needs one of"),
        ("llama", "causal", lambda f: (f / "config.json").unlink(), "has no config.json"),
        ("llama", "causal", lambda f: (f / "model.safetensors").unlink(), "has no weights"),
        (
            "llama",
            "causal",
            lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"),
            "such files can run code when they are opened",
        ),
        ("llama", "causal", _configured(model_type="no_such"), "does not know model type 'no_such'"),
        (
            "llama",
            "causal",
            _configured(hidden_size=8),
            "config.json does not fit the weights|no model can be",
        ),
        ("llama", "causal", _configured(num_hidden_layers=1), "num_hidden_layers is 1 in config.json"),
        ("llama", "causal", _configured(num_hidden_layers=3), "is incomplete: its weights lack"),
        (
            "llama",
            "causal",
            _configured(architectures=["LlamaForSequenceClassification"]),
            "is a checkpoint of LlamaForSequenceClassification, which does not write texts",
        ),
        (
            "llama",
            "causal",
            _configured(model_type="own", auto_map={"AutoModelForCausalLM": "code.Own"}),
            "brings its own code; read it, then allow it to run with --trust-remote-code",
        ),
        (
            "llama",
            "causal",
            lambda f: (f / "chat_template.jinja").write_text("{% if %}"),
            None,
        ),
    ],
)
def test_a_checkpoint_that_cannot_be_used_says_why(
    build: Build,
    tmp_path: Path,
    kind: str,
    spec: str,
    change: Callable[[Path], None] | None,
    message: str | None,
) -> None:
    folder = _broken(build(kind), tmp_path / "broken", change or (lambda folder: None))
    if message is None:  # a template is compiled when it is first used
        made = examine_language_model(ModelSpec(spec, str(folder)), Runtime())[1]
        with pytest.raises(ModelError, match="its chat template cannot be applied"):
            made.count_tokens(PROMPTS[0])
        return
    with pytest.raises(ModelError, match=message):
        examine_language_model(ModelSpec(spec, str(folder)), Runtime())


@pytest.mark.parametrize("spec", ["causal", "seq2seq"])
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (
            "bert",
            "is of type 'bert', which reads texts in both directions and cannot write them; .* write hf:",
        ),
        ("xlnet", "is of type 'xlnet', which reads texts in both directions"),
    ],
)
def test_an_encoder_cannot_write(tmp_path: Path, kind: str, spec: str, message: str) -> None:
    folder = tiny_models.build(kind, tmp_path / kind)
    with pytest.raises(ModelError, match=message):
        examine_language_model(ModelSpec(spec, str(folder)), Runtime())


def test_a_folder_that_does_not_exist_and_unknown_options_are_refused(build: Build, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no such folder"):
        resolve(f"causal:{tmp_path / 'nothing'}")
    with pytest.raises(SpecError, match="causal has no option 'contxt'; did you mean context"):
        resolve(f"causal:{build('llama')}?contxt=9")


def test_a_model_of_bytes_needs_no_vocabulary(build: Build, tmp_path: Path) -> None:
    folder = _broken(build("t5"), tmp_path / "bytes", lambda f: (f / "tokenizer.json").unlink())
    (folder / "tokenizer_config.json").unlink()
    transformers.ByT5Tokenizer().save_pretrained(folder)
    made = generator(folder)
    assert made.count_tokens(PROMPTS[3]) == len("What?") + 1
    found = written(made)
    assert all(isinstance(one, Generation) for one in found.values())
    assert found[1].tokens_in == len(TEXTS[1]) + 1


# ------------------------------------------------------------------------------------------- as a model


def test_a_language_model_answers_items_with_its_confidence(build: Build) -> None:
    model = resolve(f"causal:{build('llama')}?max_tokens=6&context=4000")
    assert model.info.kind == "causal"
    assert model.info.backend == "torch-float32"
    assert model.info.parameters is not None
    assert model.info.sampling == "6 tokens at most, temperature 0, seed 0"
    item = Instance(item="a@x", question="Who?", context="Zenobia ruled it.", article="x")
    [found] = model.predict([item])
    assert found.error is None
    assert found.confidence is not None
    assert 0 < found.confidence <= 1
    assert found.tokens_out is not None
    assert found.tokens_out <= 6
