"""Extractive question answering, evaluated: contested answers where the sources disagree.

    import qa_eval as qa

* `exact_match`, `f1`, `match` – one answer against its golds;
* `read_answer` – what an answer in words says about a contested question: an `AnswerReading`;
* `score` – a system's answers against golds or a public data set, by official rules: a `Scorecard`;
* `evaluate` – run models over a corpus or a public data set: a `Run`;
* `compare` – is the difference between two models real? a `Comparison`;
* `load_corpus`, `load_run` – read a question set with its articles, and a stored run.

A model is anything that follows `Model`. A plug-in offers a `Kind`, which makes one from a `ModelSpec`. All
numbers are fractions in [0, 1]. Every error raised on purpose is a `QaEvalError`.

Nothing is imported before its name is used, so that nothing heavy is loaded by accident.
"""

# Nothing is imported here while the program starts, so that ctrl-C finds `qa_eval.__main__.main` at work.
TYPE_CHECKING = False
if TYPE_CHECKING:
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
    )
    from qa_eval.evaluation.run import Interrupted, Progress, evaluate
    from qa_eval.evaluation.scorecard import Scorecard, score
    from qa_eval.matching.answer_reading import AnswerReading, read_answer
    from qa_eval.metrics.single_answers import exact_match, f1, match
    from qa_eval.models.protocol import Kind, Model, ModelSpec
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

__version__ = "0.1.0"
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
    "__version__",
    "compare",
    "evaluate",
    "exact_match",
    "f1",
    "load_corpus",
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
    **dict.fromkeys(("RunFolderError", "SpecError"), "errors"),
    **dict.fromkeys(("Interrupted", "Progress", "evaluate"), "evaluation.run"),
    **dict.fromkeys(("Scorecard", "score"), "evaluation.scorecard"),
    **dict.fromkeys(("exact_match", "f1", "match"), "metrics.single_answers"),
    **dict.fromkeys(("AnswerReading", "read_answer"), "matching.answer_reading"),
    **dict.fromkeys(("Kind", "Model", "ModelSpec"), "models.protocol"),
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
"""Public name -> the module that defines it."""
_RENAMED = {"compare_runs": "compare", "score_predictions": "score"}
"""Old name -> the present one. Old names go with version 0.2."""


def __getattr__(name: str) -> object:
    from importlib import import_module

    if (present := _RENAMED.get(name)) is not None:
        import warnings

        message = f"qa_eval.{name} is now qa_eval.{present}; the old name goes with version 0.2"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        name = present
    if name in _HOMES:
        return getattr(import_module(f"qa_eval.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'qa_eval' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
