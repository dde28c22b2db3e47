"""Chooses the models to compare, and checks that they may be compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from qa_eval.comparisons.differences import SideInfo
from qa_eval.errors import QaEvalError
from qa_eval.models.declarations import abstention
from qa_eval.records import ModelInfo
from qa_eval.runs.common_items import Side
from qa_eval.runs.data_kinds import data_kind
from qa_eval.runs.options import listed_texts
from qa_eval.runs.schema import NOTHING_SCORED, DecodingRow, Row
from qa_eval.runs.store import Run
from qa_eval.text.phrases import choices, count, quote

MAY_DIFFER = ("decoding", "threshold", "track")
"""Valid values of `allow_different`."""


NO_ANSWER = "no answer"
"""Name of the field for a difference in whether models can abstain."""
_CAN_ABSTAIN = "it can abstain"


def choose_sides(
    base: Run, new: Run | None, model: str | None, against: str | None
) -> tuple[list[tuple[Side, Side]], list[str]]:
    """The (base, new) pairs to compare, and remarks on models that are left out.

    `model` is looked up in the new run and `against` in the base run. If there is one run, both are in it.

    * Both given: this pair.
    * `model` alone: it is compared with the model of the same spec in the base run, or with its only model.
    * `against` alone: every model of the new run is compared with it, or every other model of the one run.
    * Neither: each model that both runs have is compared with itself, or the only model of each run.

    Raises QaEvalError if a model is unknown or failed, or if the choice is not clear.
    """
    new_run = base if new is None else new
    if model is not None and against is not None:
        return [(_named(base, against, "against"), _named(new_run, model, "model"))], []
    if model is not None:
        if new is None:
            raise QaEvalError.naming(
                lambda called: (
                    f"one run: name what {model} is compared with: {called('against')} {_names(base)}"
                )
            )
        side = _named(new_run, model, "model")
        return [(_counterpart(base, side), side)], []
    if against is not None:
        side = _named(base, against, "against")
        others = [o for o in _answered(new_run) if new is not None or o.row.model.spec != side.row.model.spec]
        if not others:
            raise QaEvalError(f"{side.name}: there is no model to compare it with")
        return [(side, other) for other in others], []
    if new is None:
        answered = _answered(base)
        if len(answered) == 2:
            return [(answered[1], answered[0])], []
        raise QaEvalError.naming(
            lambda called: (
                f"one run: name two models with {called('model')} and {called('against')}; "
                f"there are: {_names(base)}"
            )
        )
    return _namesakes(base, new_run)


def refuse_unscored(runs: Iterable[Run]) -> None:
    """Raises QaEvalError for a run without scores."""
    for run in runs:
        if not run.leaderboard.scored:
            raise QaEvalError(f"{_run_name(run)}: {NOTHING_SCORED}")


def allowed_fields(allow_different: Iterable[str] | str) -> tuple[str, ...]:
    """The fields in which runs may differ. Raises QaEvalError for a field that cannot be allowed."""
    fields = listed_texts("allow_different", allow_different)
    unknown = [field for field in fields if field not in MAY_DIFFER]
    if unknown:
        hint = choices(unknown[0], MAY_DIFFER)
        raise QaEvalError.naming(
            lambda called: (
                f"{called('allow_different')} {quote(unknown[0])}: runs may not differ in that; {hint}"
            )
        )
    return fields


def all_sides(runs: Sequence[Run], *, most: int) -> list[Side]:
    """Every model with answers. Raises QaEvalError for fewer than two or more than `most`."""
    sides = [side for run in runs for side in _answered(run)]
    if not 2 <= len(sides) <= most:
        raise QaEvalError(
            f"all pairs: these runs have {count(len(sides), 'model')}, but 2 to {most} can be compared"
        )
    return sides


def differing_fields(base: Side, new: Side, allowed: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The differences between two sides that may be compared, by field.

    Raises QaEvalError naming every field that must not differ, with both values and what would allow it.
    """
    refused: list[tuple[str, str]] = []
    found = {}
    for field, (base_value, new_value) in _identity(base, new).items():
        if base_value == new_value:
            continue
        found[field] = (base_value, new_value)
        both = f"  {field}: {base_value} in {base.name}, {new_value} in {new.name}"
        if field not in MAY_DIFFER:
            refused.append((both, ""))
        elif field not in allowed:
            refused.append((both, field))
    if refused:
        raise QaEvalError.naming(lambda called: _refusal(refused, called("allow_different")))
    models = base.row.model, new.row.model
    aside = {"backend": (models[0].backend, models[1].backend), **_asking(*models)}
    if _abstain_apart(*models):
        aside[NO_ANSWER] = (abstention(models[0]) or _CAN_ABSTAIN, abstention(models[1]) or _CAN_ABSTAIN)
    return found | {field: pair for field, pair in aside.items() if pair[0] != pair[1]}


def side_info(side: Side) -> SideInfo:
    """The record of a side in the results."""
    board = side.run.leaderboard
    return SideInfo(
        run=board.name,
        path=None if side.run.path is None else str(side.run.path),
        created_at=board.created_at,
        model=side.row.model.spec,
        signature=side.row.signature,
        status=side.row.status,
    )


def estimand_of(run: Run) -> str:
    """The population that the statistics of a run speak of, in words."""
    if run.leaderboard.data.cluster == "context":
        return "intervals and p speak of other contexts like these, each with its questions"
    others = data_kind(run.leaderboard.data).others
    limit = "" if data_kind(run.leaderboard.data).is_spec else ", not of other articles"
    return f"intervals and p speak of other {others}{limit}"


# ------------------------------------------------------------------------------------------ inside


def _run_name(run: Run) -> str:
    """The run's name. A run in memory has none."""
    return run.leaderboard.name or "this run"


def _refusal(refused: Sequence[tuple[str, str]], allowing: str) -> str:
    """The differences, one line each, with the field that would allow each. Empty if nothing would."""
    lines = [f"{both} ({allowing} {field})" if field else both for both, field in refused]
    return "\n".join(["these cannot be compared, they differ in", *lines])


def _asking(base: ModelInfo, new: ModelInfo) -> dict[str, tuple[str, str]]:
    """How two language models were asked: prompts by mode, choices of generation, what a server reports."""
    found = {
        f"prompt.{mode}": (prompt, new.prompts[mode])
        for mode, prompt in (base.prompts or {}).items()
        if new.prompts is not None and mode in new.prompts
    }
    for field in ("sampling", "reported"):
        values = getattr(base, field), getattr(new, field)
        if None not in values:
            found[field] = values
    return found


def _abstain_apart(base: ModelInfo, new: ModelInfo) -> bool:
    """Whether only one of two models can abstain, or only one declares whether it was trained to."""
    if base.no_null_head != new.no_null_head:
        return True
    declarations = base.declaration, new.declaration
    return None not in declarations and declarations.count("undeclared") == 1


def _identity(base: Side, new: Side) -> Mapping[str, tuple[str, str]]:
    """What has to be equal, rendered; a model without windows or threshold differs from none in these."""
    boards = base.run.leaderboard, new.run.leaderboard
    fields = {
        "rules": (boards[0].rules, boards[1].rules),
        "scorer_version": (boards[0].scorer_version, boards[1].scorer_version),
        "data.cluster": (boards[0].data.cluster, boards[1].data.cluster),
        "track": (boards[0].options.track, boards[1].options.track),
    }
    windows = (_windows(base.row.decoding), _windows(new.row.decoding))
    if all(windows):
        fields["decoding"] = windows
    if "none" not in (base.row.decoding.threshold_source, new.row.decoding.threshold_source):
        fields["threshold"] = (str(boards[0].options.threshold), str(boards[1].options.threshold))
    return fields


def _windows(d: DecodingRow) -> str:
    parts = {name: getattr(d, name) for name in ("max_length", "doc_stride", "max_answer_tokens", "n_best")}
    return " ".join(f"{name}={value}" for name, value in parts.items() if value is not None)


def _answered(run: Run) -> list[Side]:
    return [Side(run=run, row=row) for row in run.leaderboard.rows if row.predictions is not None]


def _names(run: Run) -> str:
    return ", ".join(side.row.model.spec for side in _answered(run)) or "none"


def _named(run: Run, name: str, argument: str) -> Side:
    row = run.leaderboard.row(name, argument=argument, place=_run_name(run))
    return Side(run=run, row=_usable(run, row))


def _usable(run: Run, row: Row) -> Row:
    if row.predictions is None:
        why = "it is built from the golds" if row.is_reference else f"it failed: {row.error}"
        raise QaEvalError(f"{Side(run=run, row=row).name}: has no answers to compare; {why}")
    return row


def _counterpart(run: Run, side: Side) -> Side:
    known = _answered(run)
    same = [other for other in known if other.row.model.spec == side.row.model.spec]
    if not same and len(known) != 1:
        raise QaEvalError.naming(
            lambda called: (
                f"{side.row.model.spec}: not in {_run_name(run)}; name the other model with "
                f"{called('against')}: {_names(run)}"
            )
        )
    return (same or known)[0]


def _namesakes(base: Run, new: Run) -> tuple[list[tuple[Side, Side]], list[str]]:
    rows = [{r.model.spec: r for r in run.leaderboard.rows if not r.is_reference} for run in (base, new)]
    base_rows, new_rows = rows
    both = [spec for spec in base_rows if spec in new_rows]
    if both:
        pairs = [
            (
                Side(run=base, row=_usable(base, base_rows[spec])),
                Side(run=new, row=_usable(new, new_rows[spec])),
            )
            for spec in both
        ]
        return pairs, [*_left_out(base, base_rows, both), *_left_out(new, new_rows, both)]
    base_sides, new_sides = _answered(base), _answered(new)
    if len(base_sides) == len(new_sides) == 1:
        return [(base_sides[0], new_sides[0])], []
    has = [f"\n  {run.leaderboard.name or 'one'} has: {_names(run)}" for run in (base, new)]
    raise QaEvalError.naming(
        lambda called: (
            f"the runs have no model in common: name two with {called('model')} and {called('against')}"
            + "".join(has)
        )
    )


def _left_out(run: Run, rows: Mapping[str, Row], both: Sequence[str]) -> Iterator[str]:
    alone = [spec for spec in rows if spec not in both]
    if alone:
        yield f"only in {run.leaderboard.name or 'one run'}, not compared: {', '.join(alone)}"
