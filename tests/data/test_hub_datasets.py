"""Data sets in the hub's layout: a local folder stands in for the hub, and nothing reaches a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import pytest
from datasets import Dataset, Features, List, Value

from qa_eval import evaluate
from qa_eval.errors import InputError, SpecError
from tests.support.public_files import SEA, SKY, flat, open_public

SQUAD = Features(
    {
        "id": Value("string"),
        "title": Value("string"),
        "question": Value("string"),
        "context": Value("string"),
        "answers": {"text": List(Value("string")), "answer_start": List(Value("int32"))},
    }
)
ROWS = [
    flat("q1", "What was blue?", SKY, [("The sky", 0), ("sky", 4)], title="t"),
    flat("q2", "Who saw the moon?", SKY, title="t"),
    flat("q3", "How far is the sea?", SEA, [("12 miles", 11)], title="t"),
]


@pytest.fixture(autouse=True)
def offline(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("hub"))
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


def parquet(
    folder: Path, rows: list[dict[str, Any]] = ROWS, features: Features = SQUAD, **splits: int
) -> Path:
    """A folder in the hub's layout: a Parquet file for each split, with its first N rows."""
    (folder / "data").mkdir(parents=True)
    for split, number in (splits or {"validation": len(rows)}).items():
        columns = {name: [row[name] for row in rows[:number]] for name in features}
        table = Dataset.from_dict(columns, features=features)
        table.to_parquet(folder / "data" / f"{split}-00000-of-00001.parquet")
    return folder


def configurations(folder: Path, *names: str) -> Path:
    lines = "".join(
        f"- config_name: {name}\n  data_files:\n  - split: validation\n"
        f"    path: {name}_files/data/*.parquet\n"
        for name in names
    )
    for name in names:
        parquet(folder / f"{name}_files")
    (folder / "README.md").write_text(f"---\nconfigs:\n{lines}---\n")
    return folder


def test_a_folder_in_the_layout_of_the_hub_is_read(tmp_path: Path) -> None:
    dataset = open_public(f"hub:{parquet(tmp_path / 'squadlike', train=1, validation=3)}")
    examples = list(dataset)
    assert [(e.id, e.golds, e.starts) for e in examples] == [
        ("q1", ("The sky", "sky"), (0, 4)),
        ("q2", (), ()),
        ("q3", ("12 miles",), (11,)),
    ]
    assert (dataset.name, dataset.split, dataset.rules) == ("squadlike", "validation", "squad-v2.0")
    assert list(dataset) == examples


def test_a_split_is_chosen(tmp_path: Path) -> None:
    spec = f"hub:{parquet(tmp_path / 'set', train=1, test=2)}"
    assert [e.id for e in open_public(spec, split="test")] == ["q1", "q2"]
    with pytest.raises(SpecError, match="choose a split with --split: train, test"):
        open_public(spec)
    with pytest.raises(SpecError, match=r'--split tset: hub:.* has no such split; did you mean "test"\?'):
        open_public(spec, split="tset")


def test_an_only_split_is_the_default(tmp_path: Path) -> None:
    assert open_public(f"hub:{parquet(tmp_path / 'set', train=3)}").split == "train"


def test_a_folder_that_was_saved_by_the_library_is_read(tmp_path: Path) -> None:
    table = Dataset.from_list(ROWS, features=SQUAD)
    datasets.DatasetDict(validation=table).save_to_disk(tmp_path / "saved")
    assert open_public(f"hub:{tmp_path / 'saved'}").check().questions == 3


def test_a_configuration_is_named_after_the_folder(tmp_path: Path) -> None:
    folder = configurations(tmp_path / "many", "de", "en")
    dataset = open_public(f"hub:{folder}/de")
    assert (dataset.name, dataset.check().questions) == ("many/de", 3)
    with pytest.raises(
        SpecError, match=r"has several configurations; write hub:.*/CONFIG with one of: de, en"
    ):
        open_public(f"hub:{folder}")
    with pytest.raises(SpecError, match=r"has no 'fr'; write hub:.*/CONFIG with one of: de, en"):
        open_public(f"hub:{folder}/fr")


def test_answers_may_be_a_list_of_structs(tmp_path: Path) -> None:
    answer = {"text": Value("string"), "answer_start": Value("int64")}
    rows = [
        row
        | {"answers": [{"text": t, "answer_start": s} for t, s in zip(*row["answers"].values(), strict=True)]}
        for row in ROWS
    ]
    folder = parquet(tmp_path / "set", rows, Features({**SQUAD, "answers": List(answer)}))
    assert list(open_public(f"hub:{folder}")) == list(open_public(f"hub:{parquet(tmp_path / 'same')}"))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param(
            {"id": (Value("float64"), 1.0), "question": None},
            ["id: must be text or whole numbers, found Value('float64')", "question: is missing"],
            id="id and question",
        ),
        pytest.param(
            {"answers": (List(Value("int64")), [1843])},
            [
                "answers: must be {text: [text], answer_start: [number]}, a list of such objects, or texts; "
                "found List(Value('int64'))"
            ],
            id="answers that are no texts",
        ),
        pytest.param(
            {"answers": None, "answer": (Value("string"), "sky")},
            [
                'answers: is missing (the answers; [] if there is none); if it is "answer", write '
                "--columns answers=answer"
            ],
            id="answers of another name",
        ),
        pytest.param(
            {"context": None, "passage": (Value("string"), SKY)},
            [
                'context: is missing (the text that is asked); if it is "passage", write '
                "--columns context=passage"
            ],
            id="contexts of another name",
        ),
    ],
)
def test_features_that_are_not_squads_are_refused_before_a_row_is_read(
    tmp_path: Path, changed: dict[str, Any], expected: list[str]
) -> None:
    given = {name: (feature, ROWS[0][name]) for name, feature in SQUAD.items()} | changed
    features = Features({name: column[0] for name, column in given.items() if column is not None})
    row = {name: column[1] for name, column in given.items() if column is not None}
    folder = parquet(tmp_path / "set", [row], features)
    with pytest.raises(InputError) as caught:
        open_public(f"hub:{folder}").check()
    found = [f"{f.field}: {f.message}" for f in caught.value.findings]
    assert [text[: len(start)] for text, start in zip(found, expected, strict=True)] == expected


def test_every_wrong_row_is_told_with_its_number(tmp_path: Path) -> None:
    rows = [ROWS[0], ROWS[0], ROWS[1] | {"question": None}, ROWS[2] | {"context": ""}]
    with pytest.raises(InputError) as caught:
        list(open_public(f"hub:{parquet(tmp_path / 'set', rows)}"))
    assert [(f.field, f.message) for f in caught.value.findings] == [
        ("validation[1].id", '"q1" is an earlier question\'s id too; each has its own'),
        ("validation[2].question", "must be text, found null"),
        ("validation[3].context", "is empty; it should be the text"),
    ]


def test_an_answer_that_is_null_is_told(tmp_path: Path) -> None:
    answer = {"text": Value("string"), "answer_start": Value("int64")}
    rows = [ROWS[0] | {"answers": [{"text": "The sky", "answer_start": 0}, None]}]
    folder = parquet(tmp_path / "set", rows, Features({**SQUAD, "answers": List(answer)}))
    with pytest.raises(InputError) as caught:
        open_public(f"hub:{folder}").check()
    assert [(f.field, f.message) for f in caught.value.findings] == [
        ("validation[0].answers[1]", 'must be an object with "text", or text; found null')
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ORG/NAME", "Couldn't reach 'ORG/NAME' on the Hub .*; without a network, name a folder: hub:FOLDER"),
        ("a/b/c/d", "is no name on the hub; write hub:ORG/NAME or hub:ORG/NAME/CONFIG"),
        ("a//b", "is no name on the hub"),
        ("./nowhere/at-all", "there is no such folder"),
    ],
)
def test_what_the_hub_does_not_have_is_refused_with_what_to_do(name: str, message: str) -> None:
    with pytest.raises(SpecError, match=f"hub:{name}: {message}"):
        open_public(f"hub:{name}")


def test_a_data_set_made_by_a_script_is_answered_with_its_converted_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "old.py").write_text("import datasets\n")
    with pytest.raises(
        SpecError,
        match="is made by a script, which the library no longer runs; replace the script by Parquet",
    ):
        open_public(f"hub:{tmp_path / 'old'}")

    def refuse(*args: object, **kwargs: object) -> None:
        raise RuntimeError("Dataset scripts are no longer supported, but found name.py")

    monkeypatch.setattr(datasets, "get_dataset_split_names", refuse)
    with pytest.raises(SpecError, match="converted copy: hub:org/name/de@refs/convert/parquet"):
        open_public("hub:org/name/de")


def test_name_configuration_split_and_revision_reach_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def splits(*args: object, **kwargs: object) -> list[str]:
        asked.append((args, kwargs))
        return ["train", "validation"]

    def load(*args: object, **kwargs: object) -> Dataset:
        asked.append((args, kwargs))
        return Dataset.from_list(ROWS, features=SQUAD)

    monkeypatch.setattr(datasets, "get_dataset_split_names", splits)
    monkeypatch.setattr(datasets, "load_dataset", load)
    dataset = open_public("hub:org/name/de@refs/convert/parquet")
    assert dataset.name == "name/de"
    assert dataset.check().questions == 3
    assert asked == [
        (("org/name", "de"), {"revision": "refs/convert/parquet"}),
        (("org/name", "de"), {"split": "validation", "revision": "refs/convert/parquet"}),
    ]


BARE = Features({name: feature for name, feature in SQUAD.items() if name != "answers"})
NO_ANSWERS: dict[str, list[Any]] = {"text": [], "answer_start": []}


@pytest.mark.parametrize(
    ("features", "rows"),
    [
        pytest.param(BARE, ROWS, id="no column"),
        pytest.param(SQUAD, [row | {"answers": None} for row in ROWS], id="null in all"),
        pytest.param(SQUAD, [row | {"answers": NO_ANSWERS} for row in ROWS], id="empty in all"),
        pytest.param(
            Features({**SQUAD, "is_impossible": Value("bool")}),
            [row | {"answers": NO_ANSWERS, "is_impossible": False} for row in ROWS],
            id="empty in all, and possible",
        ),
        pytest.param(
            Features({**SQUAD, "answers": List(Value("string"))}),
            [row | {"answers": []} for row in ROWS],
            id="no texts in all",
        ),
    ],
)
def test_a_split_whose_answers_are_secret_is_not_scored(
    tmp_path: Path, features: Features, rows: list[dict[str, Any]]
) -> None:
    dataset = open_public(f"hub:{parquet(tmp_path / 'set', rows, features, test=3)}")
    census = dataset.check()
    assert (census.questions, census.unanswerable, census.labelled, dataset.rules) == (3, 0, False, "none")
    assert [e.golds for e in dataset] == [(), (), ()]


def test_a_split_that_says_of_a_question_that_it_has_no_answer_is_scored(tmp_path: Path) -> None:
    rows = [row | {"answers": NO_ANSWERS, "is_impossible": n == 1} for n, row in enumerate(ROWS)]
    features = Features({**SQUAD, "is_impossible": Value("bool")})
    dataset = open_public(f"hub:{parquet(tmp_path / 'set', rows, features)}")
    assert (dataset.check().unanswerable, dataset.rules) == (3, "squad-v2.0")


@pytest.mark.parametrize(
    ("feature", "values"),
    [
        (Value("bool"), [True, False, None]),
        (Value("int64"), [1, 0, None]),
        (Value("string"), ["True", "false", None]),
        (Value("float64"), [1.0, 0.0, float("nan")]),
    ],
)
def test_a_flag_of_a_column_decides_whether_a_question_has_an_answer(
    tmp_path: Path, feature: Value, values: list[object]
) -> None:
    rows = [ROWS[0] | {"id": f"q{n}", "is_impossible": value} for n, value in enumerate(values)]
    folder = parquet(tmp_path / "set", rows, Features({**SQUAD, "is_impossible": feature}))
    dataset = open_public(f"hub:{folder}")
    assert [e.golds for e in dataset] == [(), ("The sky", "sky"), ("The sky", "sky")]
    assert [(check, number) for check, number, _ in dataset.check().tolerated] == [("impossible", 1)]


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint16"])
def test_ids_of_a_column_of_whole_numbers_are_their_digits(tmp_path: Path, dtype: str) -> None:
    rows = [row | {"id": n} for n, row in enumerate(ROWS)]
    folder = parquet(tmp_path / "set", rows, Features({**SQUAD, "id": Value(dtype)}))
    assert [e.id for e in open_public(f"hub:{folder}")] == ["0", "1", "2"]


def test_the_columns_of_mrqa_are_known(tmp_path: Path) -> None:
    spans = {"start": List(Value("int32")), "end": List(Value("int32"))}
    features = Features(
        {
            "subset": Value("string"),
            "context": Value("string"),
            "qid": Value("string"),
            "question": Value("string"),
            "answers": List(Value("string")),
            "detected_answers": {"text": List(Value("string")), "char_spans": List(spans)},
        }
    )
    detected = {"text": ["12 miles"], "char_spans": [{"start": [11], "end": [18]}]}
    row = {"subset": "S", "context": SEA, "qid": "m1", "question": "How far?", "answers": ["12 miles"]}
    folder = parquet(tmp_path / "set", [row | {"detected_answers": detected}], features)
    (example,) = open_public(f"hub:{folder}")
    assert (example.id, example.golds, example.starts) == ("m1", ("12 miles",), (11,))


def test_columns_of_other_names_are_named(tmp_path: Path) -> None:
    features = Features({name: Value("string") for name in ("uid", "query", "passage", "gold")})
    folder = parquet(
        tmp_path / "set", [{"uid": "a", "query": "Who?", "passage": SKY, "gold": "sky"}], features
    )
    named = {"id": "uid", "question": "query", "context": "passage", "answers": "gold"}
    dataset = open_public(f"hub:{folder}", columns=named)
    assert [(e.id, e.question, e.golds) for e in dataset] == [("a", "Who?", ("sky",))]
    with pytest.raises(
        InputError, match='no column "qurey"; did you mean "query"\\? there are: "uid", "query"'
    ):
        open_public(f"hub:{folder}", columns=named | {"question": "qurey"}).check()


def test_a_folder_of_tables_is_read(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "test.csv").write_text(f"id,question,context,answers\n1,Who?,{SEA},12 miles\n")
    dataset = open_public(f"hub:{tmp_path / 'set'}")
    assert [(e.id, e.golds) for e in dataset] == [("1", ("12 miles",))]


def test_a_file_is_no_name_on_the_hub(tmp_path: Path) -> None:
    path = tmp_path / "dev.json"
    path.write_text("{}")
    with pytest.raises(SpecError, match=f"is a file; name its folder, hub:{tmp_path}, or write squad:{path}"):
        open_public(f"hub:{path}")


def test_a_broken_file_is_an_input_error(tmp_path: Path) -> None:
    folder = parquet(tmp_path / "set")
    (folder / "data" / "validation-00000-of-00001.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises((InputError, SpecError)):
        open_public(f"hub:{folder}").check()


def test_a_run_says_which_split_it_read(tmp_path: Path) -> None:
    spec = f"hub:{parquet(tmp_path / 'set')}"
    run = evaluate(["baseline:abstain"], dataset=spec)
    data = run.leaderboard.data
    assert (data.kind, data.dataset, data.split, data.facts) == ("public", spec, "validation", 3)
