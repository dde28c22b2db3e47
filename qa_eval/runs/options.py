"""The options of a run. Each is declared once, with its type, its default, its flag and its valid values.

`RunOptions` holds every option of `qa-eval run` except the models and the data. The flags of the commands and
the keys of `--config` are built from it (`qa_eval.cli.option_groups`), and `evaluate` takes it. Its base
class, `StoredOptions`, is stored in `leaderboard.json` as `options`. To add an option, add a field here, and
add its name to the flags of each command that takes it.

Reading and checking options loads nothing heavy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from qa_eval.errors import QaEvalError
from qa_eval.files.paths import user_path
from qa_eval.metrics.rules.squad import RULES
from qa_eval.records import (
    LEAST_DECODING,
    TRACKS,
    Decoding,
    DuplicateIds,
    Runtime,
    Stored,
    Track,
    abridged,
)
from qa_eval.text.phrases import brief, choices, did_you_mean, near_names, unlike

RESAMPLES = 9999
"""Default number of resamples of an interval or a test."""
MOST_RESAMPLES = 1_000_000
"""Greatest number of resamples. More would not change a result and may not fit into memory."""

Threshold = float | Literal["cross-fit"]
"""Abstain when null score - best score exceeds it; `cross-fit`: fitted for each fact on the other facts."""

Section = Literal["Models", "Data", "Decoding", "Computing", "Output"]
"""Heading in the help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """The command-line flag of an option."""

    section: Section
    help: str
    name: str = ""
    """Long name without the leading dashes. Empty for the name of the field with a dash for each underscore.
    It begins with `no-` if the flag switches off a default."""
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    """Values that the flag takes, where the type allows more."""
    least: float | None = None
    """Smallest valid value."""
    above: float | None = None
    """Bound that a valid value exceeds."""
    most: float | None = None
    """Greatest valid value."""
    without: object = None
    """Value if the flag is not given. None for the default of the field."""


_DECODING = Decoding()
_RUNTIME = Runtime()


@dataclass(frozen=True, kw_only=True, repr=False)
class StoredOptions(Stored):
    """The options that a run stores: those that choose the data or affect the results."""

    track: Annotated[
        Literal["reading", "pooled", "both"],
        Flag(section="Data", help="Ask about each article alone, about all articles at once, or both."),
    ] = "both"
    paraphrases: Annotated[
        bool, Flag(section="Data", help="Also ask every paraphrase, which the consistency metrics need.")
    ] = False
    categories: Annotated[
        tuple[str, ...],
        Flag(
            section="Data",
            name="category",
            metavar="C",
            help="Ask only facts of this category; may be repeated.  [default: all]",
        ),
    ] = ()
    limit: Annotated[
        int | None,
        Flag(
            section="Data",
            metavar="N",
            least=1,
            help="Ask only the first N facts, or the first N questions of a data set.  [default: all]",
        ),
    ] = None
    sample: Annotated[
        int | None,
        Flag(
            section="Data",
            metavar="N",
            least=1,
            help="Ask only N facts or questions, drawn at random with --seed.  [default: all]",
        ),
    ] = None
    seed: Annotated[int, Flag(section="Data", metavar="S", least=0, help="Seed of every random choice.")] = 0
    """Seed of the sample."""
    threshold: Annotated[
        Threshold,
        Flag(
            section="Decoding",
            metavar="X|cross-fit",
            help="Abstain if the null score exceeds the best score by more than X. `cross-fit` fits X for "
            "each fact (or context of a data set) on the others.",
        ),
    ] = 0.0
    references: Annotated[
        bool,
        Flag(
            section="Models",
            name="no-reference",
            help="Leave out the reference rows, which are made from the golds.",
        ),
    ] = True
    resamples: Annotated[
        int,
        Flag(
            section="Computing",
            metavar="N",
            least=1,
            most=MOST_RESAMPLES,
            help="Number of resamples for each interval and each test.",
        ),
    ] = RESAMPLES
    deterministic: Annotated[
        bool,
        Flag(
            section="Computing",
            help="Read windows one by one on the CPU, so that equal runs give equal bytes.",
        ),
    ] = False
    closed_book: Annotated[
        bool,
        Flag(
            section="Models",
            help="Also ask language models each question without any passage, to measure what they remember.",
        ),
    ] = False
    orders: Annotated[
        int,
        Flag(
            section="Models",
            metavar="N",
            least=0,
            most=20,
            help="Also ask language models each pooled item with its passages in N other orders.",
        ),
    ] = 0
    _sparse: ClassVar[frozenset[str]] = frozenset({"closed_book", "orders"})

    @property
    def tracks(self) -> tuple[Track, ...]:
        """Tracks that are asked."""
        return TRACKS if self.track == "both" else (self.track,)


@dataclass(frozen=True, kw_only=True, repr=False)
class RunOptions(StoredOptions):
    """All options of a run, except its models and its data.

    All arguments are given by name. The options are immutable and checked when they are created.

    Args:
        track: `reading` asks each article, `pooled` asks all articles at once, `both` does both.
        paraphrases: Whether every paraphrase is asked too, for the paraphrase metrics.
        categories: Categories to ask. Empty for all of them.
        limit: Number of facts (or questions of a public data set) to ask, from the first on. None for all.
        sample: Number of facts or questions to ask, chosen at random with `seed`. None for all.
        seed: Seed of every random choice, at least 0.
        threshold: A model abstains if null score - best score exceeds this number. `cross-fit` fits it for
            each fact (or context of a public data set) on the others.
        references: Whether the leaderboard has the reference rows that are built from the golds.
        resamples: Number of resamples of each interval and each test.
        deterministic: Whether windows are read one by one on the CPU, so that equal runs give equal bytes.
        closed_book: Whether language models are also asked each question without any passage.
        orders: Number of other orders of the passages in which language models are asked each pooled item.
        split: Split of a data set of the hub. None for `validation`.
        columns: Columns of a data set, each as `ROLE=COLUMN`. The roles are id, question, context, answers
            and is_impossible.
        duplicate_ids: `error` refuses a data set in which several questions have one id. `first` keeps the
            first of them.
        rules: Name of the rules by which a data set is scored. None for those of its version or ids, or else
            SQuAD's.
        max_length: Greatest number of tokens in a window, with the question and special tokens.
        doc_stride: Number of tokens that consecutive windows share.
        max_answer_tokens: Greatest number of tokens in an answer.
        n_best: Number of answers that are kept for each item.
        device: `auto`, `cpu`, `cuda` or `mps`.
        dtype: `auto`, `float32`, `bfloat16` or `float16`. `auto` is `float32`. A spec with `?dtype=` has its
            own.
        batch_tokens: Number of tokens that a model reads at once. None for 512 on a CPU, for what
            half of the free memory holds on a CUDA device (4096 to 65536), and for 4096 elsewhere.
        trust_remote_code: Whether code that comes with a checkpoint may run.
        convert_weights: Whether tensors of a `pytorch_model.bin` are read. A safetensors copy is then kept in
            the cache.
        concurrency: Greatest number of requests that a server gets at once.
        timeout: Time after which a request to a server is given up, in seconds.
        price_in: Price of a million tokens that a language model reads. None for no cost. It needs the other.
        price_out: Price of a million tokens that a language model writes. None for no cost.
        engine: `local` computes in this process, `ray` on a Ray cluster.
        address: Address of a Ray cluster, `auto` or `HOST:PORT`. None starts one on this machine for the run.
        workers: Number of processes of a Ray cluster that hold a model. None for as many as fit.
        cpus_per_worker: Number of cores of each worker, above 0.
        gpus_per_worker: Number of GPUs of each worker, at least 0.
        cache: Whether answers are read from the cache and kept in it. Otherwise the run folder keeps them
            until the run is complete.
        out: Folder for run folders. None keeps the run in memory and writes nothing.
        name: Name of the run folder. None for the UTC time and a short hash.
        overwrite: Whether a run folder of that name is replaced.

    Raises:
        QaEvalError: An option does not take the value, or there is no such option. The message names it.

    Example:
        >>> RunOptions(limit=20, device="cpu")
        RunOptions(limit=20, device='cpu')
        >>> RunOptions(track="neither")
        Traceback (most recent call last):
        qa_eval.errors.QaEvalError: track: 'neither' is none of reading, pooled, both
    """

    split: Annotated[
        str | None,
        Flag(
            section="Data",
            metavar="S",
            help="Split of a hub: or qacc: data set.  [default: validation; all of qacc:]",
        ),
    ] = None
    columns: Annotated[
        tuple[str, ...],
        Flag(
            section="Data",
            metavar="ROLE=COLUMN,…",
            help="Names of the columns of a data set, such as question=query,context=passage. The roles are "
            "id, question, context, answers and is_impossible.  [default: the names of the roles]",
        ),
    ] = ()
    duplicate_ids: Annotated[
        DuplicateIds,
        Flag(
            section="Data",
            help="If questions share an id: refuse the data set, or keep the first question.",
        ),
    ] = "error"
    rules: Annotated[
        str | None,
        Flag(
            section="Data",
            metavar="NAME",
            choices=tuple(RULES),
            help="Rules that score a data set: squad-v1.1, squad-v2.0, mrqa, mlqa-LANG, korquad-v1 "
            "(characters), cmrc2018 or drcd (longest common run).  [default: those of its version or ids, "
            "else SQuAD's]",
        ),
    ] = None
    max_length: Annotated[
        int,
        Flag(
            section="Decoding",
            metavar="N",
            least=LEAST_DECODING["max_length"],
            help="Number of tokens in a window.",
        ),
    ] = _DECODING.max_length
    doc_stride: Annotated[
        int,
        Flag(
            section="Decoding",
            metavar="N",
            least=LEAST_DECODING["doc_stride"],
            help="Number of tokens by which windows overlap.",
        ),
    ] = _DECODING.doc_stride
    max_answer_tokens: Annotated[
        int,
        Flag(
            section="Decoding",
            metavar="N",
            least=LEAST_DECODING["max_answer_tokens"],
            help="Largest number of tokens in an answer.",
        ),
    ] = _DECODING.max_answer_tokens
    n_best: Annotated[
        int,
        Flag(
            section="Decoding",
            metavar="N",
            least=LEAST_DECODING["n_best"],
            help="Number of answers kept for each item.",
        ),
    ] = _DECODING.n_best
    device: Annotated[
        str,
        Flag(
            section="Computing",
            choices=("auto", "cpu", "cuda", "mps"),
            help="Device to compute on; auto is a GPU if there is one, else the CPU.",
        ),
    ] = _RUNTIME.device
    dtype: Annotated[
        str,
        Flag(
            section="Computing",
            choices=("auto", "float32", "bfloat16", "float16"),
            help="Number type of the weights; auto is float32. SPEC?dtype=bfloat16 sets it for one model.",
        ),
    ] = _RUNTIME.dtype
    batch_tokens: Annotated[
        int | None,
        Flag(
            section="Computing",
            metavar="N",
            least=1,
            help="Number of tokens that go through a model at once.  [default: 512 on a CPU, by the free "
            "memory on CUDA, 4096 elsewhere]",
        ),
    ] = _RUNTIME.batch_tokens
    trust_remote_code: Annotated[
        bool, Flag(section="Models", help="Run Python code that comes with a checkpoint.")
    ] = _RUNTIME.trust_remote_code
    convert_weights: Annotated[
        bool,
        Flag(
            section="Models",
            help="Read the tensors of a pytorch_model.bin, and keep a safetensors copy in the cache.",
        ),
    ] = _RUNTIME.convert_weights
    concurrency: Annotated[
        int,
        Flag(
            section="Computing",
            metavar="N",
            least=1,
            most=1024,
            help="Number of requests to a server at once.",
        ),
    ] = _RUNTIME.concurrency
    timeout: Annotated[
        float,
        Flag(
            section="Computing",
            metavar="S",
            above=0,
            help="Seconds after which a request to a server is given up and sent again.",
        ),
    ] = _RUNTIME.timeout
    price_in: Annotated[
        float | None,
        Flag(
            section="Computing",
            metavar="P",
            least=0,
            help="Price of a million tokens that language models read. Needs --price-out.  "
            "[default: no cost is shown]",
        ),
    ] = None
    price_out: Annotated[
        float | None,
        Flag(
            section="Computing",
            metavar="P",
            least=0,
            help="Price of a million tokens that they write. Needs --price-in.",
        ),
    ] = None
    engine: Annotated[
        Literal["local", "ray"],
        Flag(section="Computing", help="Let models answer in this process, or on a Ray cluster."),
    ] = "local"
    address: Annotated[
        str | None,
        Flag(
            section="Computing",
            metavar="auto|HOST:PORT",
            help="Address of a Ray cluster.  [default: start one on this machine for the run]",
        ),
    ] = None
    workers: Annotated[
        int | None,
        Flag(
            section="Computing",
            metavar="N",
            least=1,
            help="Number of processes on a Ray cluster that hold a model.  [default: as many as fit]",
        ),
    ] = None
    cpus_per_worker: Annotated[
        float, Flag(section="Computing", metavar="C", above=0, help="Number of CPU cores of each worker.")
    ] = 1
    gpus_per_worker: Annotated[
        float, Flag(section="Computing", metavar="G", least=0, help="Number of GPUs of each worker.")
    ] = 0
    cache: Annotated[
        bool,
        Flag(
            section="Computing",
            name="no-cache",
            help="Neither read answers from the cache nor write them to it.",
        ),
    ] = True
    out: Annotated[
        Path | None,
        Flag(
            section="Output",
            metavar="DIR",
            without=Path("results"),
            help="Folder in which the run folder is created.",
        ),
    ] = None
    """None writes nothing: the run is in memory alone."""
    name: Annotated[
        str | None,
        Flag(
            section="Output",
            metavar="NAME",
            help="Name of the run folder.  [default: UTC time and a short hash]",
        ),
    ] = None
    overwrite: Annotated[bool, Flag(section="Output", help="Replace the run folder if it exists.")] = False
    compress: Annotated[
        bool, Flag(section="Output", help="Compress the stored answers by gzip: predictions/*.jsonl.gz.")
    ] = False

    if not TYPE_CHECKING:  # a type checker takes the parameters of the dataclass

        def __new__(cls, *values: object, **named: object) -> RunOptions:
            """Raises QaEvalError for an unknown option, naming it, and for an option without a name."""
            if values:
                raise QaEvalError(f"RunOptions: {brief(values[0])} has no name; write it as limit=20")
            for name in named.keys() - run_options().keys():
                raise QaEvalError(f"there is no option {name!r}; {choices(name, run_options(), listed=40)}")
            return super().__new__(cls)

    def __post_init__(self) -> None:
        for option in run_options().values():
            object.__setattr__(self, option.name, option.checked(getattr(self, option.name)))
        object.__setattr__(self, "categories", tuple(sorted(set(self.categories))))
        if (self.price_in is None) != (self.price_out is None):
            absent = "price_in" if self.price_in is None else "price_out"
            raise QaEvalError.naming(
                lambda called: (
                    f"{called(absent)}: is missing beside the other price; 0 makes such tokens free"
                )
            )

    def __repr__(self) -> str:
        told = (
            (option.name, value)
            for option in run_options().values()
            if (value := getattr(self, option.name)) != option.default
        )
        return abridged("RunOptions", told)

    def updated(self, values: Mapping[str, Any]) -> RunOptions:
        """A copy of the options with these values in place of the old ones. Each value is checked."""
        return replace(self, **values)

    @property
    def stored(self) -> StoredOptions:
        """The options that `leaderboard.json` stores."""
        return StoredOptions(**{field.name: getattr(self, field.name) for field in fields(StoredOptions)})

    @property
    def decoding(self) -> Decoding:
        """The options on how models cut windows and choose answers."""
        return Decoding(
            max_length=self.max_length,
            doc_stride=self.doc_stride,
            max_answer_tokens=self.max_answer_tokens,
            n_best=self.n_best,
        )

    @property
    def runtime(self) -> Runtime:
        """The options on how models compute."""
        return Runtime(
            device=self.device,
            dtype=self.dtype,
            batch_tokens=self.batch_tokens,
            deterministic=self.deterministic,
            trust_remote_code=self.trust_remote_code,
            convert_weights=self.convert_weights,
            seed=self.seed,
            concurrency=self.concurrency,
            timeout=self.timeout,
        )

    @property
    def prices(self) -> tuple[float, float] | None:
        """Prices of a million tokens read and written. None if they are not given."""
        return None if self.price_in is None or self.price_out is None else (self.price_in, self.price_out)


# ------------------------------------------------------------------------------------------ declarations


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOption:
    """The declaration of one option, read from a field of `RunOptions`."""

    name: str
    default: object
    kind: object
    """Kind of value: `bool`, `int`, `float`, `str`, `Path`, `tuple` for several texts, or `Threshold`."""
    optional: bool
    """Whether the value may be None."""
    choices: tuple[str, ...]
    """All values that the type allows. Empty where there are too many to list."""
    flag: Flag

    def checked(self, value: object) -> Any:  # noqa: ANN401 - of the option's own kind
        """The value in the stored form: a list becomes a tuple, a number of NumPy becomes one of Python.

        Raises QaEvalError, naming the option, for an invalid value.
        """
        if value is None and self.optional:
            return None
        if self.kind is tuple:
            return listed_texts(self.name, value)
        if self.kind is Path:
            user_path(value, self.name)
            return Path(value)  # type: ignore[arg-type]  # none that `user_path` refuses
        if self.kind == Threshold:
            return checked_threshold(value)
        if known := self.choices or self.flag.choices:
            if not isinstance(value, str) or value not in known:
                near = near_names(value, known) if isinstance(value, str) else []
                hint = f"; {did_you_mean(near)}" if near else ""
                raise QaEvalError(f"{self.name}: {brief(value)} is none of {', '.join(known)}{hint}")
            return str(value)
        kind, called, plain = _KINDS[self.kind]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise QaEvalError(f"{self.name}: {brief(value)} is not {called}")
        if self.kind is float:
            finite(self.name, value)
        self._bounded(value)
        return plain(value)

    def _bounded(self, value: Any) -> None:  # noqa: ANN401 - a number or a text
        least, above, most = self.flag.least, self.flag.above, self.flag.most
        if least is not None and value < least:
            raise QaEvalError(f"{self.name}: {value!r} is less than {least:g}")
        if above is not None and not value > above:
            raise QaEvalError(f"{self.name}: {value!r} is not more than {above:g}")
        if most is not None and value > most:
            raise QaEvalError(f"{self.name}: {brief(value)} is more than {most:,}")


_KINDS: Mapping[object, tuple[Any, str, Callable[[Any], object]]] = {
    bool: (bool, "True or False", bool),
    int: (Integral, "a whole number", int),
    float: (Real, "a number", float),
    str: (str, "text", str),
}
"""Kind of an option -> the types of its values, their name in messages, and the function that converts
one."""


def checked_option(name: str, value: object) -> Any:  # noqa: ANN401 - of the option's own kind
    """The value of an argument that has the meaning of the run option of that name, checked by its rules."""
    return run_options()[name].checked(value)


def listed_texts(name: str, value: object) -> tuple[str, ...]:
    """The texts as a tuple; a single text counts as one. Raises QaEvalError, naming the argument,
    otherwise.
    """
    if isinstance(value, str):
        return (str(value),)
    if isinstance(value, bytes | Mapping) or not isinstance(value, Iterable):
        raise QaEvalError(unlike(name, value, "a text or a list of texts"))
    found = tuple(value)
    for number, text in enumerate(found):
        if not isinstance(text, str):
            raise QaEvalError(unlike(f"{name}[{number}]", text, "a text"))
    return tuple(map(str, found))


def optional_text(name: str, value: object) -> str | None:
    """The text or None. Raises QaEvalError, naming the argument, for any other value."""
    if value is not None and not isinstance(value, str):
        raise QaEvalError(unlike(name, value, "a text, or None"))
    return value


def finite(name: str, value: object) -> float:
    """The number. Raises QaEvalError, naming the argument, unless it is finite."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise QaEvalError(unlike(name, value, "a finite number"))
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise QaEvalError(f"{name}: {brief(value)} is not a finite number")
    return number


@cache
def run_options() -> Mapping[str, RunOption]:
    """All options by name, in the order of the fields."""
    hints = get_type_hints(RunOptions, include_extras=True)
    return {
        field.name: _declared(field.name, field.default, hints[field.name]) for field in fields(RunOptions)
    }


def _declared(name: str, default: object, hint: Any) -> RunOption:  # noqa: ANN401 - a type form
    annotated, flag = get_args(hint)
    kind, optional, choices = annotated, False, ()
    if get_origin(annotated) in (Union, UnionType) and NoneType in get_args(annotated):
        (kind,) = (part for part in get_args(annotated) if part is not NoneType)
        optional = True
    if get_origin(kind) is Literal:
        kind, choices = str, get_args(kind)
    return RunOption(
        name=name,
        default=default,
        kind=get_origin(kind) if get_origin(kind) is tuple else kind,
        optional=optional,
        choices=choices,
        flag=flag,
    )


def checked_threshold(threshold: object) -> Threshold:
    """The threshold. Raises QaEvalError unless it is a finite number or `cross-fit`."""
    if threshold == "cross-fit":
        return "cross-fit"
    if isinstance(threshold, bool) or not isinstance(threshold, Real):
        raise QaEvalError(f"threshold: {brief(threshold)} is neither a number nor cross-fit")
    return finite("threshold", threshold)
