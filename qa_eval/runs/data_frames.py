"""Results as pandas data frames. pandas is imported when the first one is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qa_eval.errors import QaEvalError

if TYPE_CHECKING:
    import pandas as pd


def data_frame(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """The rows as a data frame with these columns. A value that a row lacks is missing.

    Raises QaEvalError if pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        what = f"a data frame needs pandas, which cannot be imported ({error})"
        raise QaEvalError(f"{what}: pip install pandas") from None
    return pd.DataFrame.from_records([dict(row) for row in rows], columns=list(columns))
