"""Evaluate reading-comprehension question answering, also on facts on which the sources disagree.

    import qa_eval as qa

| function                     | what it does                                                           |
|------------------------------|------------------------------------------------------------------------|
| `exact_match`, `f1`, `match` | compares one answer with its gold answers                              |
| `read_answer`                | reads which claims an answer in words makes; returns an `AnswerReading` |
| `score`                      | scores a system's answers by the official rules; returns a `Scorecard` |
| `evaluate`                   | runs models on a corpus or a public data set; returns a `Run`          |
| `compare`                    | tests whether two models really differ; returns a `Comparison`         |
| `load_model`                 | returns a model, which can be asked directly                           |
| `load_corpus`                | reads a question set with its articles; returns a `Corpus`             |
| `load_run`                   | reads a stored run; returns a `Run`                                    |

A model is any object that follows `Model`. A plug-in provides a `Kind`, which makes a model from a
`ModelSpec`. Metrics are fractions in [0, 1]. Every error that is raised on purpose is a `QaEvalError`.

The package imports a module only when one of its names is used, so that nothing heavy is loaded by accident.
"""

# This file imports nothing while the program starts, so that `qa_eval.__main__.main` can handle ctrl-C.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from qa_eval.comparisons.comparison import compare
    from qa_eval.comparisons.differences import Comparison
    from qa_eval.data.corpus import load_corpus
    from qa_eval.errors import (
        CheckFailedError,
        InputError,
        ModelError,
        QaEvalError,
        RunFolderError,
        SpecError,
        UnknownNameError,
    )
    from qa_eval.evaluation.run import Interrupted, Progress, evaluate
    from qa_eval.evaluation.scorecard import Scorecard, score
    from qa_eval.matching.answer_reading import AnswerReading, read_answer
    from qa_eval.metrics.single_answers import exact_match, f1, match
    from qa_eval.models.protocol import Kind, Model, ModelSpec
    from qa_eval.models.registry import load_model
    from qa_eval.records import (
        Article,
        Candidate,
        Claim,
        Corpus,
        Decoding,
        Estimate,
        Evidence,
        Instance,
        Match,
        ModelInfo,
        Prediction,
        Question,
        Runtime,
        Span,
    )
    from qa_eval.runs.options import RunOptions
    from qa_eval.runs.store import Run, load_run

__version__ = "0.2.0"
__all__ = [
    "AnswerReading",
    "Article",
    "Candidate",
    "CheckFailedError",
    "Claim",
    "Comparison",
    "Corpus",
    "Decoding",
    "Estimate",
    "Evidence",
    "InputError",
    "Instance",
    "Interrupted",
    "Kind",
    "Match",
    "Model",
    "ModelError",
    "ModelInfo",
    "ModelSpec",
    "Prediction",
    "Progress",
    "QaEvalError",
    "Question",
    "Run",
    "RunFolderError",
    "RunOptions",
    "Runtime",
    "Scorecard",
    "Span",
    "SpecError",
    "UnknownNameError",
    "__version__",
    "compare",
    "evaluate",
    "exact_match",
    "f1",
    "load_corpus",
    "load_model",
    "load_run",
    "match",
    "read_answer",
    "score",
]

_HOMES = {
    "compare": "comparisons.comparison",
    "Comparison": "comparisons.differences",
    "load_corpus": "data.corpus",
    **dict.fromkeys(("CheckFailedError", "InputError", "ModelError", "QaEvalError"), "errors"),
    **dict.fromkeys(("RunFolderError", "SpecError", "UnknownNameError"), "errors"),
    **dict.fromkeys(("Interrupted", "Progress", "evaluate"), "evaluation.run"),
    **dict.fromkeys(("Scorecard", "score"), "evaluation.scorecard"),
    **dict.fromkeys(("exact_match", "f1", "match"), "metrics.single_answers"),
    **dict.fromkeys(("AnswerReading", "read_answer"), "matching.answer_reading"),
    **dict.fromkeys(("Kind", "Model", "ModelSpec"), "models.protocol"),
    "load_model": "models.registry",
    **dict.fromkeys(
        (
            *("Article", "Candidate", "Claim", "Corpus", "Decoding", "Estimate", "Evidence", "Instance"),
            *("Match", "ModelInfo", "Prediction", "Question", "Runtime", "Span"),
        ),
        "records",
    ),
    "RunOptions": "runs.options",
    **dict.fromkeys(("Run", "load_run"), "runs.store"),
}
"""Module that defines each public name."""
_RENAMED = {
    "compare_runs": ("compare", {"slice_name": "slice"}),
    "score_predictions": ("score", {"dataset": "golds"}),
}
"""Present name for each old name, and present arguments for old ones. Version 0.3 removes the old names."""


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _RENAMED:
        import warnings
        from functools import wraps

        present, arguments = _RENAMED[name]
        message = f"qa_eval.{name} is now called qa_eval.{present}; version 0.3 removes the old name"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        function: Callable[..., object] = getattr(import_module(f"qa_eval.{_HOMES[present]}"), present)

        @wraps(function)
        def renamed(*values: object, **named: object) -> object:
            return function(*values, **{arguments.get(old, old): value for old, value in named.items()})

        return renamed
    if name in _HOMES:
        return getattr(import_module(f"qa_eval.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'qa_eval' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
