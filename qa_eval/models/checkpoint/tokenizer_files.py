"""A checkpoint's tokenizer as its own files define it: tokenizer.json with the settings that override it.

transformers 5 rebuilds many tokenizers from their vocabulary and drops the parts of `tokenizer.json` that the
tokenizer's class does not know. The model was trained with what the file holds, so this module reads the file
with the `tokenizers` library. It then applies the settings that transformers 4 applied when it loaded the
file, each only if `tokenizer_config.json` has it:

| setting | changes | for |
|---|---|---|
| `do_lower_case`, `strip_accents` | a `BertNormalizer` | the classes of `_BERT_FAMILY` |
| `tokenize_chinese_chars` | a `BertNormalizer` | the classes of `_CHINESE` |
| `add_prefix_space` | a `ByteLevel` pre-tokenizer | every class |
| `add_bos_token`, `add_eos_token` | the template | the classes of `_TEMPLATE_FROM_FLAGS` |
| `split_special_tokens` | whether special tokens are found in a text | every class |
| `added_tokens_decoder`, `cls_token`, … | the added tokens | every class |

Defaults of a class are not applied: a `BertTokenizer` without `do_lower_case` in its configuration lowers
case if its `tokenizer.json` does. This module imports neither torch nor transformers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa_eval.errors import ModelError
from qa_eval.models.checkpoint.configuration_files import read_configuration, reason

if TYPE_CHECKING:
    from tokenizers import AddedToken, Tokenizer

FILE = "tokenizer.json"
CONFIG = "tokenizer_config.json"
_SPECIALS_MAP = "special_tokens_map.json"
_ADDED = "added_tokens.json"
SPECIAL_TOKENS = (
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
)
_MORE_SPECIALS = ("additional_special_tokens", "extra_special_tokens")
_CHINESE = frozenset(
    {"Bert", "ConvBert", "DistilBert", "Electra", "Funnel", "LayoutLM", "Lxmert", "MobileBert", "SqueezeBert"}
)
"""Classes that apply `tokenize_chinese_chars`."""
_BERT_FAMILY = _CHINESE | {"MPNet", "Splinter"}
"""Classes that apply `do_lower_case` and `strip_accents`."""
_TEMPLATE_FROM_FLAGS = frozenset({"CodeLlama", "Cohere", "GPTNeoX", "Gemma", "Llama"})
"""Classes that build their template from `add_bos_token` and `add_eos_token`."""
_NESTED_PREFIX = frozenset({"Bloom"})
"""Classes that apply `add_prefix_space` also to a `ByteLevel` inside a sequence of pre-tokenizers."""
_NO_LIMIT = 1e18
"""Length from which a limit counts as none. Tokenizers without a limit report 1e30."""
CODED = {"RoFormer": "splits words by the library rjieba"}
"""Description of the part that is Python code and therefore not in tokenizer.json, by class."""

PROBES = (
    "The quick brown fox jumped over 13 lazy dogs.",
    "NATO and the U.S. signed it; McDonald's didn't.",
    "naïve café, Ångström, Zürich, İstanbul, œuvre",
    "nai\u0308ve cafe\u0301, A\u030angstro\u0308m",
    "Ｆｕｌｌ ｗｉｄｔｈ １２３４ ％",
    "１２ km² and ½ of ¾, №5, ℃, ﬁnal ﬂow",
    "a\u00a0b\u00a0c \u2009thin\u202fnarrow\u3000wide",
    "zero\u200bwidth\u200cjoin\u200der \ufeffbom \u00adsoft\u2060",
    "tab\there\nnew line\r\nreturn\x0bvertical\x0cform",
    "  two  spaces   three    four  ",
    "“quoted” ‘single’ „low“ «guillemets» —dash– …",
    "`` grave '' and \"double\" 'single' ``",
    "$1,234.56 and €7.89, £10m, ¥500, 25% ± 3",
    "10:30 a.m. on 2024-05-14, 3/4, 1e-9, 0x1F",
    "https://example.org/a_b?q=1&r=2#x e-mail@example.com",
    "snake_case CamelCase kebab-case @user #tag",
    "🏛️ emoji 👩\u200d👩\u200d👧 🇸🇾 👍🏽 😀",
    "سقطت مدينة تدمُر في ٢٧ مارس ٢٠١٦",
    "הַמִּקְדָּשׁ נבנה בשנת \u200e70\u200f",
    "巴尔米拉 的战斗结束了。",
    "東京タワーは３３３メートルです。",
    "ﾊﾝｶｸ ｶﾀｶﾅ と ガ か\u3099",
    "서울특별시 인구는 약 940만 명이다.",
    "한\u1100\u1161\u11a8 조합형",
    "ประเทศไทยมีประชากร ๖๖ ล้านคน",
    "हिन्दी में क्षेत्रफल ३५ किमी है",
    "தமிழ் நாடு கோயில்",
    "Москва́ — столица, ёлка Ёлка Й",
    "Ελληνικά: Ἀθῆναι, ΣΊΣΥΦΟΣ",
    "Straße GROẞ ǅ ŉ ſ",
    "x̂ = a⃗ · b̅; α ≤ β ⇒ ∑ᵢ xᵢ²",
    "H₂O, CO₂, E=mc², 10⁻⁶, Ⅷ ⅷ ①",
    "Zalgo t\u0335\u0322e\u0336x\u0337t",
    "control\x00\x01\x7f\x85 characters\x1b[0m",
    "private \ue000 unassigned \u0378 replacement \ufffd",
    "antidisestablishmentarianism " + "x" * 120,
    "▁marker Ġbyte ##piece <0x41> [UNK] <unk>",
    "[CLS] a [SEP] b [MASK] <s> c </s> <mask> <pad>",
    "a\u0300\u0301 \u0301alone ´ ¨ ¸",
    "mixed: abc漢字дефعربي🙂१२३",
)
"""Texts, from plain to broken, that show the differences between tokenizers."""


@dataclass(frozen=True, slots=True)
class TextTokenizer:
    """A tokenizer with offsets, and the facts about it that a reader needs."""

    backend_tokenizer: Tokenizer
    """Tokenizer of the `tokenizers` library."""
    cls_token_id: int | None
    """Id of the CLS token; None if there is none."""
    pad_token_id: int | None
    """Id of the padding token; None if there is none."""
    model_max_length: int | None
    """Length in tokens of the longest input that the files allow; None if they give no limit."""
    note: str | None = None
    """Difference from the tokenizer that transformers builds; None if there is none."""

    def __len__(self) -> int:
        """The number of ids, with added tokens."""
        return self.backend_tokenizer.get_vocab_size()


class Settings(dict[str, Any]):
    """Settings from the files next to tokenizer.json, by the names that tokenizer_config.json uses."""

    @classmethod
    def of(cls, folder: Path, name: str) -> Settings:
        """The settings of a folder; empty if it has no such files.

        In the older form of the files, tokenizer_config.json has no `added_tokens_decoder`, and
        special_tokens_map.json overrides it. In the newer form, special_tokens_map.json only adds what is
        missing. Raises `ModelError` for a file that is not a JSON object.
        """
        config = _settings(folder / CONFIG, name)
        mapped = _settings(folder / _SPECIALS_MAP, name)
        new = "added_tokens_decoder" in config
        return cls({**mapped, **config} if new else {**config, **mapped})

    def tokenizer_class(self, config: Mapping[str, Any]) -> str:
        """The tokenizer class that the files name, such as `Bert` for `BertTokenizerFast`; empty if none."""
        named = self.get("tokenizer_class") or config.get("tokenizer_class")
        return named.removesuffix("Fast").removesuffix("Tokenizer") if isinstance(named, str) else ""

    def token(self, role: str) -> str | None:
        """The special token of a role, such as `cls_token`; None if it is not set."""
        found = _content(self.get(role))
        return found or None

    def fill(self, defaults: Mapping[str, Any]) -> None:
        """Sets the values of `defaults` that are not set yet."""
        self.update({key: value for key, value in defaults.items() if self.get(key) is None})

    @property
    def max_length(self) -> int | None:
        """Value of `model_max_length` (or the older `max_len`); None if it is not set."""
        found = self.get("model_max_length", self.get("max_len"))
        if isinstance(found, bool) or not isinstance(found, int | float) or not 0 < found < _NO_LIMIT:
            return None
        return int(found)


def read_tokenizer(folder: Path, name: str, settings: Settings, tokenizer_class: str) -> Tokenizer | None:
    """The tokenizer of a folder's tokenizer.json with its settings applied.

    None if there is no such file, or if a part of this class is Python code, which the file cannot hold.
    Raises `ModelError` if the file cannot be read.
    """
    path = folder / FILE
    if not path.is_file() or tokenizer_class in CODED:
        return None
    from tokenizers import Tokenizer

    try:
        tokenizer: Tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:
        raise ModelError(f"{name}: {FILE} cannot be read: {reason(path, error)}") from error
    except BaseException as error:
        # A panic in Rust code arrives as a BaseException whose class cannot be imported.
        if type(error).__name__ == "PanicException":
            raise ModelError(f"{name}: {FILE} cannot be read: {reason(path, error)}") from error
        raise
    tokenizer.no_truncation()
    tokenizer.no_padding()
    apply_settings(tokenizer, folder, name, settings, tokenizer_class)
    return tokenizer


def apply_settings(
    tokenizer: Tokenizer, folder: Path, name: str, settings: Settings, tokenizer_class: str
) -> None:
    """Applies settings to a tokenizer. Raises `ModelError` if the added tokens cannot be read."""
    _set_normalizer(tokenizer, settings, tokenizer_class)
    _set_prefix_space(tokenizer, settings, tokenizer_class)
    try:
        _add_tokens(tokenizer, folder, settings)
    except (TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{name}: the added tokens of {CONFIG} cannot be read: {error}") from error
    _set_template(tokenizer, settings, tokenizer_class)
    tokenizer.encode_special_tokens = settings.get("split_special_tokens") is True


def set_typed_template(tokenizer: Tokenizer, cls: str, sep: str) -> None:
    """Gives a tokenizer the template of BERT: a separator after each text, and token types 0 and 1."""
    from tokenizers import processors

    specials = [(token, tokenizer.token_to_id(token)) for token in (cls, sep)]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=[f"{cls}:0", "$A:0", f"{sep}:0"],
        pair=[f"{cls}:0", "$A:0", f"{sep}:0", "$B:1", f"{sep}:1"],
        special_tokens=specials,
    )


def space_signs(tokenizer: Tokenizer) -> str:
    """The characters that represent a space in tokens: `▁` in SentencePiece, `Ġ` in byte-level tokenizers."""
    signs = set()
    for part in (*_parts(_state(tokenizer.normalizer)), *_parts(_state(tokenizer.pre_tokenizer))):
        match part:
            case {"type": "ByteLevel"}:
                signs.add("Ġ")
            case {"type": "Metaspace", "replacement": str(sign)}:
                signs.add(sign)
            case {"type": "Prepend", "prepend": str(sign)}:
                signs.add(sign)
            case {"type": "Replace", "pattern": {"String": " "}, "content": str(sign)} if sign.strip():
                signs.add(sign)
    return "".join(sorted(sign for sign in signs if len(sign) == 1))


def differences(own: Tokenizer, built: Tokenizer, *, types: bool = True) -> str | None:
    """The difference between a library's tokenizer and the one read from its file; None if they are equal.

    Both encode the probe texts. If their tokens differ, the result names the parts that treat a probe
    differently. Token types are compared if the model has `types`.
    """
    built.no_truncation()
    built.no_padding()
    changed = [probe for probe in PROBES if _ids(own, probe) != _ids(built, probe)]
    parts = [
        word
        for word, differ in (
            ("normalizer", any(_normal(own, p) != _normal(built, p) for p in changed)),
            ("pre-tokenizer", any(_pieces(own, p) != _pieces(built, p) for p in changed)),
            ("vocabulary", own.get_vocab(False) != built.get_vocab(False)),
            ("template (special tokens or token types)", _pair(own, types) != _pair(built, types)),
        )
        if differ
    ]
    if changed and not parts:
        parts = ["model"]
    if not parts:
        return None
    tokens = f", and other tokens for {len(changed)} of {len(PROBES)} probe texts" if changed else ""
    return f"another {' and '.join(parts)}{tokens}"


# ---------------------------------------------------------------------------------------------- settings


def _set_normalizer(tokenizer: Tokenizer, settings: Settings, tokenizer_class: str) -> None:
    state = _state(tokenizer.normalizer)
    if tokenizer_class not in _BERT_FAMILY or state.get("type") != "BertNormalizer":
        return
    from tokenizers import normalizers

    given: dict[str, bool | None] = {}
    if isinstance(lower := settings.get("do_lower_case"), bool):
        given["lowercase"] = lower
    if isinstance(accents := settings.get("strip_accents", ""), bool | None):
        given["strip_accents"] = accents
    chinese = settings.get("tokenize_chinese_chars")
    if isinstance(chinese, bool) and tokenizer_class in _CHINESE:
        given["handle_chinese_chars"] = chinese
    state.pop("type")
    tokenizer.normalizer = normalizers.BertNormalizer(**state | given)


def _set_prefix_space(tokenizer: Tokenizer, settings: Settings, tokenizer_class: str) -> None:
    wanted = settings.get("add_prefix_space")
    state = _state(tokenizer.pre_tokenizer)
    if not isinstance(wanted, bool) or not state:
        return
    if state.get("type") == "ByteLevel":
        found = [state]
    elif tokenizer_class in _NESTED_PREFIX and wanted:
        found = [part for part in _parts(state) if part.get("type") == "ByteLevel"]
    else:
        return
    if all(part.get("add_prefix_space") == wanted for part in found):
        return
    for part in found:
        part["add_prefix_space"] = wanted
    _replace(tokenizer, "pre_tokenizer", state)


def _set_template(tokenizer: Tokenizer, settings: Settings, tokenizer_class: str) -> None:
    flags = [settings.get(f"add_{end}_token") for end in ("bos", "eos")]
    if tokenizer_class not in _TEMPLATE_FROM_FLAGS or not any(isinstance(flag, bool) for flag in flags):
        return
    from tokenizers import processors

    # A flag that is not set has the default of the class: Llama and its relatives begin with their bos token.
    defaults = (tokenizer_class != "GPTNeoX", False)
    ends = []
    for role, flag, default in zip(("bos_token", "eos_token"), flags, defaults, strict=True):
        token = settings.token(role)
        known = token is not None and tokenizer.token_to_id(token) is not None
        ends.append(token if known and (flag if isinstance(flag, bool) else default) else None)
    before, after = ends

    def around(part: str, kind: int) -> list[str]:
        return [f"{piece}:{kind}" for piece in (before, part, after) if piece is not None]

    tokenizer.post_processor = processors.TemplateProcessing(
        single=around("$A", 0),
        pair=[*around("$A", 0), *around("$B", 1)],
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in {*ends} if token is not None],
    )


def _add_tokens(tokenizer: Tokenizer, folder: Path, settings: Settings) -> None:
    """Adds the tokens that are in the settings but not in tokenizer.json, in the order of their ids."""
    from tokenizers import AddedToken

    roles = [settings[role] for role in SPECIAL_TOKENS if settings.get(role)]
    for role in _MORE_SPECIALS:
        more = settings.get(role) or ()
        roles += more.values() if isinstance(more, Mapping) else [more] if isinstance(more, str) else more
    specials = {text: value for value in roles if (text := _content(value))}
    known = {repr(token) for token in tokenizer.get_added_tokens_decoder().values()}
    numbered = _numbered(folder, settings, specials)
    wanted = [token for _, token in sorted(numbered.items()) if repr(token) not in known]
    there = {token.content for token in (*tokenizer.get_added_tokens_decoder().values(), *wanted)}
    for text, value in specials.items():
        if text not in there:
            wanted.append(_added(value) if isinstance(value, Mapping) else AddedToken(text))
    for token in wanted:
        token.special = token.special or token.content in specials
    tokenizer.add_tokens(wanted)


def _numbered(folder: Path, settings: Settings, specials: Mapping[str, Any]) -> dict[int, AddedToken]:
    """The added tokens by id, from `added_tokens_decoder` or else from the older added_tokens.json."""
    from tokenizers import AddedToken

    found = settings.get("added_tokens_decoder")
    if found is not None:
        return {int(number): _added(token) for number, token in found.items()}
    older = _settings(folder / _ADDED, folder.name)
    return {
        int(number): AddedToken(text, normalized=text not in specials, special=text in specials)
        for text, number in older.items()
    }


def _added(value: Mapping[str, Any]) -> AddedToken:
    from tokenizers import AddedToken

    names = ("single_word", "lstrip", "rstrip", "normalized", "special")
    return AddedToken(value["content"], **{key: bool(value[key]) for key in names if key in value})


def _content(value: object) -> str:
    """The text of a special token: a string, or an object with `content`."""
    found = value.get("content") if isinstance(value, Mapping) else value
    return found if isinstance(found, str) else ""


# --------------------------------------------------------------------------------- parts of a tokenizer


def _state(part: object) -> dict[str, Any]:
    """A part of a tokenizer in the JSON form in which it is saved; empty if there is none or it is code."""
    if part is None:
        return {}
    try:
        state = json.loads(part.__getstate__())  # type: ignore[arg-type]
    except Exception:  # the library raises a bare Exception for a part that cannot be serialized
        return {}
    return state if isinstance(state, dict) else {}


def _parts(state: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The part itself, or the parts of a sequence at any depth."""
    nested = [value for value in state.values() if isinstance(value, list)]
    if state.get("type") != "Sequence":
        if state:
            yield state if isinstance(state, dict) else dict(state)
        return
    for value in nested:
        for part in value:
            if isinstance(part, Mapping):
                yield from _parts(part)


def _replace(tokenizer: Tokenizer, name: str, state: Mapping[str, Any]) -> None:
    """Sets a part of a tokenizer from its JSON, which the library can read only as part of a tokenizer."""
    from tokenizers import Tokenizer, models

    whole = json.loads(Tokenizer(models.BPE()).to_str())
    setattr(tokenizer, name, getattr(Tokenizer.from_str(json.dumps(whole | {name: state})), name))


def _ids(tokenizer: Tokenizer, text: str) -> list[int]:
    return tokenizer.encode(text, add_special_tokens=False).ids


def _normal(tokenizer: Tokenizer, text: str) -> str:
    return tokenizer.normalizer.normalize_str(text) if tokenizer.normalizer is not None else text


def _pieces(tokenizer: Tokenizer, text: str) -> list[str]:
    if tokenizer.pre_tokenizer is None:
        return [text]
    return [piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text)]


def _pair(tokenizer: Tokenizer, types: bool) -> list[tuple[int | None, int, int]]:
    """(sequence, type, id) for the runs of an encoded pair. The id is -1 for a token that is not special."""
    encoding = tokenizer.encode("a", "a")
    parts = zip(encoding.sequence_ids, encoding.type_ids, encoding.ids, strict=True)
    found = [(part, kind if types else 0, token if part is None else -1) for part, kind, token in parts]
    return [entry for n, entry in enumerate(found) if n == 0 or entry != found[n - 1] or entry[0] is None]


def _settings(path: Path, name: str) -> dict[str, Any]:
    """The settings in a file; empty if the file does not exist."""
    return read_configuration(path, name) if path.is_file() else {}
