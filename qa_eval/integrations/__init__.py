"""Integrations with other libraries: the scores of this package as metrics of `evaluate`.

    squad_v1          exact match and F1 by the rules of SQuAD 1.1
    squad_v2          exact match and F1 by the rules of SQuAD 2.0
    contested         answers on which sources may disagree
    reports           what the metrics report
    metric_shape      metrics that say what is wrong with a row

Each of the first three modules holds one `evaluate.Metric`. Load it by path or by import; neither needs a
network:

    evaluate.load(qa_eval.integrations.SQUAD_V2)
    from qa_eval.integrations.squad_v2 import SquadV2

`evaluate` copies the file that it loads to its own cache. These files therefore import one name on each line
and nothing relative. Importing `evaluate` takes seconds; this package itself imports nothing.
"""

from pathlib import Path

_HERE = Path(__file__).parent

SQUAD_V1 = str(_HERE / "squad_v1.py")
"""Path of the metric for SQuAD 1.1 and other rules without unanswerable questions: `exact_match` and `f1`, in
percent."""
SQUAD_V2 = str(_HERE / "squad_v2.py")
"""Path of the metric for SQuAD 2.0: `exact`, `f1`, `HasAns_exact`, …, in percent."""
CONTESTED = str(_HERE / "contested.py")
"""Path of the metric for answers on which sources may disagree: `match`, `leak`, …, as fractions."""

__all__ = ["CONTESTED", "SQUAD_V1", "SQUAD_V2"]
