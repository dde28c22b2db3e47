"""Which models are compared, and whether they may be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches

from qa_eval.comparisons.differences import SideInfo
from qa_eval.errors import QaEvalError
from qa_eval.models.declarations import abstention
from qa_eval.records import ModelInfo
from qa_eval.runs.common_items import Side
from qa_eval.runs.schema import NOTHING_SCORED, DecodingRow, Row
from qa_eval.runs.store import Run

MAY_DIFFER = ("decoding", "threshold", "track")
"""What `--allow-different` can be told."""


NO_ANSWER = "no answer"
"""The field that names how two models differ in abstaining."""
_CAN_ABSTAIN = "it can abstain"


def choose_sides(
    base: Run, new: Run | None, model: str | None, against: str | None
) -> tuple[list[tuple[Side, Side]], list[str]]:
    """The (base, new) pairs to compare, and remarks on models that are left out.

    `model` is sought in the new run and `against` in the base one, both in the one run if there is one.
    With one of two runs' models named, the other run's model of that spec, or its only one. With `against`
    alone and one run, or another spec in the new one: every other model against it. With neither: each model
    that both runs have against itself, or the only model of each.

    Raises QaEvalError for a model that is not there or failed, or where it must be told which are meant.
    """
    later = base if new is None else new
    if model is not None and against is not None:
        return [(_named(base, against, "--against"), _named(later, model, "--model"))], []
    if model is not None:
        if new is None:
            raise QaEvalError(f"one run: name what {model} is compared with: --against {_names(base)}")
        side = _named(later, model, "--model")
        return [(_counterpart(base, side), side)], []
    if against is not None:
        side = _named(base, against, "--against")
        others = [o for o in _answered(later) if new is not None or o.row.model.spec != side.row.model.spec]
        if not others:
            raise QaEvalError(f"{side.name}: there is no model to compare it with")
        return [(side, other) for other in others], []
    if new is None:
        raise QaEvalError(f"one run: name two models with --model and --against; there are: {_names(base)}")
    return _namesakes(base, later)


def refuse_unscored(runs: Iterable[Run]) -> None:
    """Raises QaEvalError for a run of which nothing is scored."""
    for run in runs:
        if not run.leaderboard.scored:
            raise QaEvalError(f"{run.leaderboard.name}: {NOTHING_SCORED}")


def all_sides(runs: Sequence[Run], *, most: int) -> list[Side]:
    """Every model with answers. Raises QaEvalError for fewer than two or more than `most`."""
    sides = [side for run in runs for side in _answered(run)]
    if not 2 <= len(sides) <= most:
        raise QaEvalError(f"all pairs: of 2 to {most} models, and these runs hold {len(sides)}")
    return sides


def differing_fields(base: Side, new: Side, allowed: Sequence[str]) -> dict[str, tuple[str, str]]:
    """What differs between two sides that may be compared, by field.

    Raises QaEvalError naming every field that must not differ, with both values and what would allow it.
    """
    refused = []
    found = {}
    for field, (a, b) in _identity(base, new).items():
        if a == b:
            continue
        found[field] = (a, b)
        if field in MAY_DIFFER and field not in allowed:
            refused.append(f"  {field}: {a} in {base.name}, {b} in {new.name} (--allow-different {field})")
        elif field not in MAY_DIFFER:
            refused.append(f"  {field}: {a} in {base.name}, {b} in {new.name}")
    if refused:
        raise QaEvalError("these cannot be compared, they differ in\n" + "\n".join(refused))
    models = base.row.model, new.row.model
    aside = {"backend": (models[0].backend, models[1].backend)}
    if _abstain_apart(*models):
        aside[NO_ANSWER] = (abstention(models[0]) or _CAN_ABSTAIN, abstention(models[1]) or _CAN_ABSTAIN)
    return found | {field: pair for field, pair in aside.items() if pair[0] != pair[1]}


def side_info(side: Side) -> SideInfo:
    """A side as results name it."""
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
    """What the statistics of a run speak of."""
    if run.leaderboard.data.cluster == "context":
        return "intervals and p speak of other contexts like these, each with its questions"
    return "intervals and p speak of other questions about these articles, not of other articles"


# ------------------------------------------------------------------------------------------ inside


def _abstain_apart(base: ModelInfo, new: ModelInfo) -> bool:
    """Whether only one of two models can abstain, or only one declares whether it was trained to."""
    if base.no_null_head != new.no_null_head:
        return True
    declarations = base.declaration, new.declaration
    return None not in declarations and declarations.count("undeclared") == 1


def _identity(base: Side, new: Side) -> Mapping[str, tuple[str, str]]:
    """What has to be equal, rendered; a model without windows or threshold differs from none in these."""
    one, other = base.run.leaderboard, new.run.leaderboard
    fields = {
        "rules": (one.rules, other.rules),
        "scorer_version": (one.scorer_version, other.scorer_version),
        "data.cluster": (one.data.cluster, other.data.cluster),
        "track": (one.options.track, other.options.track),
    }
    windows = (_windows(base.row.decoding), _windows(new.row.decoding))
    if all(windows):
        fields["decoding"] = windows
    if "none" not in (base.row.decoding.threshold_source, new.row.decoding.threshold_source):
        fields["threshold"] = (str(one.options.threshold), str(other.options.threshold))
    return fields


def _windows(d: DecodingRow) -> str:
    parts = {name: getattr(d, name) for name in ("max_length", "doc_stride", "max_answer_tokens", "n_best")}
    return " ".join(f"{name}={value}" for name, value in parts.items() if value is not None)


def _answered(run: Run) -> list[Side]:
    return [Side(run=run, row=row) for row in run.leaderboard.rows if row.predictions is not None]


def _names(run: Run) -> str:
    return ", ".join(side.row.model.spec for side in _answered(run)) or "none"


def _named(run: Run, name: str, flag: str) -> Side:
    rows = [row for row in run.leaderboard.rows if name in (row.model.spec, row.model.name)]
    if not rows:
        known = [side.row.model.spec for side in _answered(run)]
        near = get_close_matches(name, known, n=3, cutoff=0.65)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {_names(run)}"
        raise QaEvalError(f"{flag} {name}: not in {run.leaderboard.name}; {hint}")
    return Side(run=run, row=_usable(run, rows[0]))


def _usable(run: Run, row: Row) -> Row:
    if row.predictions is None:
        why = "it is built from the golds" if row.is_reference else f"it failed: {row.error}"
        raise QaEvalError(f"{run.leaderboard.name} · {row.model.spec}: has no answers to compare; {why}")
    return row


def _counterpart(run: Run, side: Side) -> Side:
    known = _answered(run)
    same = [other for other in known if other.row.model.spec == side.row.model.spec]
    if not same and len(known) != 1:
        raise QaEvalError(
            f"{side.row.model.spec}: not in {run.leaderboard.name}; name the other model with --against: "
            f"{_names(run)}"
        )
    return (same or known)[0]


def _namesakes(base: Run, new: Run) -> tuple[list[tuple[Side, Side]], list[str]]:
    ours = {row.model.spec: row for row in base.leaderboard.rows if not row.is_reference}
    theirs = {row.model.spec: row for row in new.leaderboard.rows if not row.is_reference}
    both = [spec for spec in ours if spec in theirs]
    if both:
        pairs = [
            (Side(run=base, row=_usable(base, ours[spec])), Side(run=new, row=_usable(new, theirs[spec])))
            for spec in both
        ]
        return pairs, list(_left_out(base, ours, both)) + list(_left_out(new, theirs, both))
    left, right = _answered(base), _answered(new)
    if len(left) == len(right) == 1:
        return [(left[0], right[0])], []
    raise QaEvalError(
        "the runs have no model in common: name two with --model and --against\n"
        f"  {base.leaderboard.name} has: {_names(base)}\n  {new.leaderboard.name} has: {_names(new)}"
    )


def _left_out(run: Run, rows: Mapping[str, Row], both: Sequence[str]) -> Iterator[str]:
    alone = [spec for spec in rows if spec not in both]
    if alone:
        yield f"only in {run.leaderboard.name}, not compared: {', '.join(alone)}"
