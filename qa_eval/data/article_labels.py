"""Short names of articles for people. Everything that is stored uses the ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from qa_eval.text.phrases import shorten

if TYPE_CHECKING:
    from qa_eval.records import Article

LONGEST_LABEL = 40
_ARTICLE_SLICE = "article:"


def article_labels(articles: Iterable[Article]) -> dict[str, str]:
    """A short name for each article id, in the order given. All names are different.

    The name is the article's label. Without a label it is the publisher, else the title (cut to 40
    characters), else the id. Articles that would have the same name are numbered.

    >>> from qa_eval.records import Article
    >>> articles = [
    ...     Article(id="a1", text="…", publisher="The Times"),
    ...     Article(id="a2", text="…", publisher="The Times"),
    ...     Article(id="a3", text="…", label="Reuters", publisher="A news agency"),
    ...     Article(id="a4", text="…"),
    ... ]
    >>> article_labels(articles)
    {'a1': 'The Times (1)', 'a2': 'The Times (2)', 'a3': 'Reuters', 'a4': 'a4'}
    """
    names = {
        a.id: shorten(" ".join((a.label or a.publisher or a.title or a.id).split()), LONGEST_LABEL)
        for a in articles
    }
    shared = Counter(names.values())
    taken = {name for name, number in shared.items() if number == 1}
    numbers: Counter[str] = Counter()
    for id, name in names.items():
        if shared[name] > 1:
            while True:
                numbers[name] += 1
                numbered = f"{name} ({numbers[name]})"
                if numbered not in taken:
                    break
            taken.add(numbered)
            names[id] = numbered
    return names


def slice_label(name: str, labels: Mapping[str, str]) -> str:
    """The name of a slice for people. It has the article's short name in place of its id.

    >>> [slice_label(name, {"a3": "Reuters"}) for name in ("article:a3", "article:b", "contested")]
    ['article:Reuters', 'article:b', 'contested']
    """
    kind, separator, id = name.rpartition(_ARTICLE_SLICE)
    return f"{kind}{separator}{labels.get(id, id)}" if separator else name


def item_label(item: str, labels: Mapping[str, str]) -> str:
    """The id of an item for people. It has the article's short name in place of its id.

    >>> item_label("dead@a3", {"a3": "Reuters"}), item_label("dead~1@*", {"a3": "Reuters"})
    ('dead@Reuters', 'dead~1@*')
    """
    fact, separator, article = item.rpartition("@")
    return f"{fact}{separator}{labels.get(article, article)}"


def item_id(item: str, labels: Mapping[str, str]) -> str:
    """The id of an item that a person may have named by the short name of its article.

    Commands that take an item take both. Files have the ids alone.

    >>> item_id("dead@Reuters", {"a3": "Reuters"}), item_id("dead@a3", {"a3": "Reuters"})
    ('dead@a3', 'dead@a3')
    """
    return item_label(item, {label: id for id, label in labels.items()})
