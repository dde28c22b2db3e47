"""The card of an exported question set: metadata for the hub, and what a reader must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from huggingface_hub import DatasetCardData

from qa_eval.records import Corpus

if TYPE_CHECKING:
    import pyarrow as pa

_CURATED = {
    "language": ["en"],
    "license": "other",
    "license_name": "mit-questions-publishers-articles",
}
_LICENCE = """The questions, claims and annotations are under the MIT licence. **The articles are not:** their
texts, which every item holds as its `context`, remain their publishers'."""
_UNKNOWN_LICENCE = """This program does not know the licence of these questions and articles. Ask the people
who made them."""


def dataset_card(corpus: Corpus, table: pa.Table, *, curated: bool) -> str:
    """The text of the `README.md` of the folder. `table` holds the folder's items."""
    name = "qa_eval: curated questions" if curated else "Questions over articles"
    size = next((s for n, s in _SIZES if table.num_rows < n), "n>1M")
    split = {"split": "test", "path": "data/test-*.parquet"}
    metadata: dict[str, Any] = {
        "pretty_name": name,
        "task_categories": ["question-answering"],
        "task_ids": ["extractive-qa"],
        "size_categories": [size],
        "tags": ["contested-answers"],
        **(_CURATED if curated else {"license": "unknown"}),
        "configs": [{"config_name": "default", "data_files": [split]}],
        "dataset_info": {
            "features": _features(table.schema),
            "splits": [{"name": "test", "num_bytes": table.nbytes, "num_examples": table.num_rows}],
        },
    }
    body = _BODY.format(
        facts=len(corpus.questions),
        articles=len(corpus.articles),
        items=table.num_rows,
        silent=sum(not answers["text"] for answers in table["answers"].to_pylist()),
        contested=sum(q.contested for q in corpus.questions),
        licence=_LICENCE if curated else _UNKNOWN_LICENCE,
    )
    return f"---\n{DatasetCardData(**metadata).to_yaml()}\n---\n\n# {name}\n{body}"


_SIZES = ((1000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def _features(fields: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """The features of a schema or struct, as a data set card writes them."""
    return [{"name": field.name, **_feature(field.type)} for field in fields]


def _feature(kind: Any) -> dict[str, Any]:  # noqa: ANN401
    from pyarrow import types

    if types.is_struct(kind):
        return {"struct": _features(kind)}
    if types.is_list(kind):
        (inner,) = _feature(kind.value_type).values()
        return {"list": inner}
    return {"dtype": str(kind)}


_BODY = """
Each of {facts} questions is asked of {articles} articles, except of articles that neither answer it nor are
silent. This gives {items} items; {silent} of them have no answer in their article. {contested} questions are
*contested*: the articles answer them differently.

```python
from datasets import load_dataset

test = load_dataset("FOLDER", split="test")
```

`squad-v2.0.json` holds the same items in SQuAD's format, under the same ids.

* `id`: `FACT@ARTICLE`, or `FACT~N@ARTICLE` for the Nth other wording of the question.
* `title`, `context`, `question`: the article's title, its whole text, and the question.
* `answers`: `text` and `answer_start` (in characters of `context`) of every passage of this article that
  answers; empty if the article is silent.
* `fact`, `article`, `paraphrase`: the parts of the id; paraphrase 0 is the canonical wording.
* `category`, `answer_type`: the category of the question, and the type of its answer, such as `number`,
  `date` or `person`.
* `contested`, `relation`: whether the articles differ, and why: `contradiction`, `update`, `precision`,
  `scope` or `wording`.
* `claims`: each answer that some article gives, with its `id`, `group` (near-claims share one), `aliases`
  (wordings that no article uses) and `evidence` (every passage that states it, of every article).

The rows can be used as references of qa_eval's metric for contested answers, which distinguishes an
article's own claim from another's: `evaluate.load(qa_eval.integrations.CONTESTED)`.

## Licence

{licence}
"""
