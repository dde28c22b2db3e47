"""Extractive question answering, evaluated: contested answers where the sources disagree.

Public names, each imported when first used (so that nothing heavy is loaded by accident):

* `compare_runs` – compare models item by item, of two stored runs or of one;
* `evaluate` – run models over a corpus and get a scored `Run`;
* `load_corpus` – read and validate a question set with its articles;
* `load_run` – read a run folder or a `leaderboard.json`;
* `score_predictions` – score predictions made elsewhere by the official rules of a public data set;
* `Model` – the protocol that anything which answers questions follows.
"""

# Nothing is imported here while the program starts, so that ctrl-C finds `qa_eval.__main__.main` at work.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from qa_eval.compare.comparison import compare_runs
    from qa_eval.data.corpus import load_corpus
    from qa_eval.evaluation.run import evaluate
    from qa_eval.evaluation.scorecard import score_predictions
    from qa_eval.models.protocol import Model
    from qa_eval.runs.store import load_run

__version__ = "0.1.0"
__all__ = ["Model", "__version__", "compare_runs", "evaluate", "load_corpus", "load_run", "score_predictions"]

_HOMES = {
    "Model": "qa_eval.models.protocol",
    "compare_runs": "qa_eval.compare.comparison",
    "evaluate": "qa_eval.evaluation.run",
    "load_corpus": "qa_eval.data.corpus",
    "load_run": "qa_eval.runs.store",
    "score_predictions": "qa_eval.evaluation.scorecard",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'qa_eval' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
