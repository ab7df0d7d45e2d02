"""Correlation rules (`correlate:`): what may stand there, and what it means.

    - id: incursion-corroborated
      title: Incursion reported by more than one side
      level: critical
      correlate:
        type: corroborated
        rules: [border-incursion]
        group_by: [place]
        timespan: 3h
        families: 2
        affiliations: 2

Types and keys have Sigma's and ElastAlert's names.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, StrictFloat, StrictInt

from monitor.document import Node
from monitor.form import Duration, Form, OneOrMany, did_you_mean, duration_text, fill, find
from monitor.lexicon.expressions import Expression, expression, is_pattern
from monitor.mistake import Mark, Mistake
from monitor.rule import DEFAULT_WINDOW, Count, Level, Rule
from monitor.rulebook.conditions import every, terms_in
from monitor.rulebook.forms import Event, Id, Text, Title
from monitor.watch import FIELDS, Entry, Watch, WatchType, entry_of, keyed

LONGEST = timedelta(days=31)
MOST = 500
"""So many hits can be waited for at most: more would have to be remembered for each group."""

DEFAULT_HISTORY = timedelta(days=14)
DEFAULT_LEARNING = timedelta(days=3)

Number = Annotated[StrictInt, Field(ge=1, le=MOST)]
Field_ = Annotated[str, Field(max_length=64)]


class ConditionForm(Form):
    """How many it takes."""

    gte: Number | None = Field(None, description="At least so many.")
    gt: Annotated[StrictInt, Field(ge=0, le=MOST - 1)] | None = Field(
        None, description="More than so many."
    )
    field: Field_ = Field("", description="Of what the different values are counted.")

    @property
    def least(self) -> int | None:
        """The smallest number that is enough."""
        return self.gt + 1 if self.gt is not None else self.gte


class CorrelateForm(Form):
    """What must come together."""

    type: WatchType = Field(description="What is asked; docs/correlation.md explains each.")
    rules: Annotated[tuple[Id, ...], OneOrMany()] = Field(
        (), description="Rules, stories or correlations. Default: any rule."
    )
    without: Annotated[tuple[Id, ...], OneOrMany()] = Field(
        (), description="absence: what must follow within the timespan."
    )
    count: Literal["posts", "incidents"] = Field(
        "posts", description="Whether posts are counted or incidents that open."
    )
    group_by: Annotated[tuple[Field_, ...], OneOrMany()] = Field(
        (), description="Counted apart for each place, admin1, source, family, rule ..."
    )
    timespan: Duration = Field(description="Within how long.")
    condition: ConditionForm | None = Field(None, description="How many: {gte: 5}.")
    field: Field_ = Field("", description="new_term: what is new (a place, a family ...).")
    families: Annotated[StrictInt, Field(ge=1, le=100)] | None = Field(
        None, description="corroborated: how many independent publishers. Default: 2."
    )
    affiliations: Annotated[StrictInt, Field(ge=0, le=100)] | None = Field(
        None, description="corroborated: how many known sides. Default: 0."
    )
    spike_height: Annotated[StrictFloat | StrictInt, Field(gt=1, le=1000)] | None = Field(
        None, description="spike: how many times as many as usual."
    )
    threshold_cur: Number | None = Field(
        None, description="spike: fewer posts than this are no spike. Default: 3."
    )
    history: Duration | None = Field(
        None, description="spike: how far back the earlier days go. Default: 14d."
    )
    learning: Duration | None = Field(
        None,
        description="spike, new_term: no alert before it has watched so long. Default: 3d for "
        "spike, the timespan for new_term.",
    )
    threshold: Number | None = Field(
        None, description="flatline: fewer posts than this are quiet. Default: 1."
    )


class WatchForm(Form):
    """A correlation rule: watches what other rules find, over time."""

    id: Id = Field(description="Its name in alerts and statistics: a-z, 0-9 and -. Never reuse it.")
    title: Title = Field(description="The first line of its alerts.")
    level: Level = Field("medium", description="How bad it is.")
    event: Event = Field("other", description="What it is about: battles/armed-clash ...")
    correlate: CorrelateForm = Field(description="What must come together.")
    window: Duration | None = Field(
        None,
        description="How long an incident stays open after its last post. Default: the timespan; "
        "6h for new_term.",
    )
    status: Literal["stable", "test", "experimental", "deprecated", "unsupported"] = Field(
        "stable", description="How far it can be trusted, for readers."
    )
    description: Text = Field("", description="What it means, for readers.")
    references: Annotated[tuple[Text, ...], OneOrMany()] = Field((), description="Where from.")
    falsepositives: Annotated[tuple[Text, ...], OneOrMany()] = Field(
        (), description="What it is known to match wrongly."
    )
    tags: Annotated[tuple[Text, ...], OneOrMany()] = Field((), description="For sorting.")


_COMMON = ("type", "rules", "count", "group_by", "timespan")
KEYS: Mapping[WatchType, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "event_count": (("condition",), ()),
    "value_count": (("condition",), ()),
    "temporal": (("rules",), ("condition",)),
    "temporal_ordered": (("rules",), ()),
    "absence": (("rules", "without"), ()),
    "spike": (("spike_height",), ("threshold_cur", "history", "learning")),
    "flatline": ((), ("threshold",)),
    "new_term": (("field",), ("learning",)),
    "corroborated": ((), ("families", "affiliations")),
}
"""Type -> the keys that it needs, and those that it may have, besides the common ones."""

_NEEDS = {
    "condition": "condition: {gte: 5}",
    "rules": "rules: [first-rule, second-rule]",
    "without": "without: [what-should-follow]",
    "spike_height": "spike_height: 3",
    "field": "field: place",
}


def captured_by(rules: Iterable[Rule]) -> frozenset[str]:
    """The names of the values that rules take from texts: numbers, and groups of expressions."""
    names: set[str] = set()
    for rule in rules:
        names.update(one.name for one in every(rule.when, Count))
        for term in terms_in(rule.when):
            known = expression(term.text) if is_pattern(term.text) else None
            names.update(known.names if isinstance(known, Expression) else ())
    return frozenset(names)


def read_watch(
    node: Node, mistakes: list[Mistake], captured: Collection[str] | None = None
) -> Watch | None:
    """A correlation rule; None if there is a mistake in it, which goes to the mistakes.

    `captured` are the values that rules take from texts, by name; None if that is not known.
    """
    before = len(mistakes)
    form, wrong = fill(WatchForm, node)
    mistakes += wrong
    if form is None:
        return None
    asked = find(node, ["correlate"])
    mistakes += _checked(form, asked, captured)
    if "window" in node.value and form.window is not None:  # type: ignore[operator]  # a mapping
        mistakes += _short_window(form, find(node, ["window"]).mark)
    if len(mistakes) > before:
        return None
    return _watch(form, node.mark)


def _checked(form: WatchForm, node: Node, captured: Collection[str] | None) -> Iterable[Mistake]:
    """What its type does not allow, at the line where it stands."""
    asked = form.correlate
    assert isinstance(node.value, dict)  # noqa: S101 - the form has been filled from it
    needed, allowed = KEYS[asked.type]
    for key in node.value.keys() - {*_COMMON, *needed, *allowed}:
        known = ", ".join((*needed, *allowed)) or "nothing besides"
        yield Mistake(
            node.key_marks[key], f"`{key}` means nothing for {asked.type}",
            f"take it out; {asked.type} takes {known} (and {', '.join(_COMMON[1:])})",
        )  # fmt: skip
    for key in needed:
        if not getattr(asked, key):
            yield Mistake(node.mark, f"{asked.type} needs `{key}`", f"add `{_NEEDS[key]}`")
    fields = (*FIELDS, *sorted(captured or ()))
    named = [*asked.group_by, asked.field, asked.condition.field if asked.condition else ""]
    for name in named:
        if name and name not in fields and captured is not None:
            yield Mistake(
                find(node, ["group_by"]).mark if name in asked.group_by else node.mark,
                f"`{name}` is nothing that a post has", did_you_mean(name, fields),
            )  # fmt: skip
    yield from _odd(asked, node)
    if asked.timespan > LONGEST:
        mark = find(node, ["timespan"]).mark
        yield Mistake(mark, "too long to remember every hit", f"write {duration_text(LONGEST)}")


def _odd(asked: CorrelateForm, node: Node) -> Iterable[Mistake]:
    """What one type only can have wrong."""
    yield from _odd_number(asked, find(node, ["condition"]).mark)
    if asked.type in {"temporal", "temporal_ordered"} and len(set(asked.rules)) == 1:
        yield Mistake(find(node, ["rules"]).mark, "one rule alone", "name two rules, or more")
    if asked.type == "spike":
        yield from _odd_spike(asked, node)
    if asked.type == "flatline" and not asked.rules:
        yield from _odd_quiet(asked, node)


def _odd_number(asked: CorrelateForm, mark: Mark) -> Iterable[Mistake]:
    condition = asked.condition
    if condition is None:
        return
    if condition.least is None:
        yield Mistake(mark, "how many are needed?", "write {gte: 5}")
    if condition.gt is not None and condition.gte is not None:
        yield Mistake(mark, "`gt` and `gte` together", "keep one of them")
    if asked.type == "value_count" and not condition.field:
        yield Mistake(mark, "of what are values counted?", "write {field: source, gte: 3}")
    if asked.type != "value_count" and condition.field:
        yield Mistake(mark, "`field` is for value_count", "take it out, or use value_count")
    if asked.type == "temporal" and (condition.least or 0) > len(asked.rules):
        yield Mistake(mark, f"only {len(asked.rules)} rules are named", "write a smaller number")


def _odd_spike(asked: CorrelateForm, node: Node) -> Iterable[Mistake]:
    if set(asked.group_by) - {"place", "rule"} or len(asked.group_by) > 1:
        hint = "write group_by: place, or group_by: rule, or leave it out"
        message = "earlier days are only counted by rule and place"
        yield Mistake(find(node, ["group_by"]).mark, message, hint)
    if asked.timespan % timedelta(hours=1) or asked.timespan > timedelta(days=1):
        mark = find(node, ["timespan"]).mark
        yield Mistake(mark, "a spike is looked for in whole hours", "write 1h to 24h")
    if asked.count != "posts":
        yield Mistake(find(node, ["count"]).mark, "a spike counts posts", "take it out")


def _odd_quiet(asked: CorrelateForm, node: Node) -> Iterable[Mistake]:
    if asked.count != "posts":
        yield Mistake(find(node, ["count"]).mark, "which incidents?", "name `rules`")
    if set(asked.group_by) - {"source", "family", "affiliation", "role"}:
        hint = "group by source, family, affiliation or role, or name `rules`"
        yield Mistake(find(node, ["group_by"]).mark, "not every post has that", hint)


def _short_window(form: WatchForm, mark: Mark) -> Iterable[Mistake]:
    """A window that would let one condition be told twice."""
    span = form.correlate.timespan
    if form.window is not None and form.window < span and form.correlate.type != "new_term":
        message = "the window ends before what made the condition true has passed"
        yield Mistake(mark, message, f"write at least the timespan, {duration_text(span)}")


def _watch(form: WatchForm, mark: Mark) -> Watch:
    asked = form.correlate
    common: dict[str, Any] = {
        name: getattr(form, name)
        for name in WatchForm.model_fields
        if name not in {"correlate", "window"}
    }
    least = asked.condition.least if asked.condition else None
    if asked.type == "temporal":
        least = least or len(asked.rules)
    common["at_least"] = (
        least or asked.threshold or asked.threshold_cur or _LEAST.get(asked.type, 1)
    )
    corroborated = asked.type == "corroborated"
    learned = asked.timespan if asked.type == "new_term" else DEFAULT_LEARNING
    learning = asked.learning or learned
    return Watch(
        **common,
        type=asked.type,
        rules=asked.rules,
        without=asked.without,
        count=asked.count,
        group_by=asked.group_by,
        timespan=asked.timespan,
        window=form.window or (DEFAULT_WINDOW if asked.type == "new_term" else asked.timespan),
        field=asked.field or (asked.condition.field if asked.condition else ""),
        families=(asked.families or 2) if corroborated else 0,
        affiliations=asked.affiliations or 0,
        height=float(asked.spike_height or 0),
        history=(asked.history or DEFAULT_HISTORY) if asked.type == "spike" else timedelta(0),
        learning=learning if asked.type in {"spike", "new_term"} else timedelta(0),
        file=mark.file,
        line=mark.line,
    )


_LEAST: Mapping[str, int] = {"spike": 3}


def resolve(
    watches: Sequence[Watch], rules: Sequence[Rule], marks: Mapping[str, Mark], *, whole: bool
) -> tuple[list[Watch], list[Mistake]]:
    """The watches with their keys, and a mistake for each name that is none, or goes in a circle.

    `whole` says that all rules are there to compare with; `marks` where each rule's id stands.
    """
    mistakes: list[Mistake] = []
    known = {watch.id: watch for watch in watches}
    stories = {rule.story for rule in rules if rule.story}
    names = {*marks, *stories}
    for watch in watches:
        mark = Mark(watch.file, watch.line, 1)
        for name in (*watch.rules, *watch.without):
            if whole and name not in names:
                hint = did_you_mean(name, names, "name the id of a rule or a story")
                mistakes.append(Mistake(mark, f"`correlate`: there is no rule `{name}`", hint))
            elif name in known and watch.count != "incidents":
                hint = "add `count: incidents`"
                message = f"`{name}` is a correlation: it has incidents, not posts"
                mistakes.append(Mistake(mark, message, hint))
        if _reaches(watch.id, watch, known, frozenset()):
            hint = "let one of them count posts"
            mistakes.append(Mistake(mark, f"`{watch.id}` waits for itself", hint))
    keyed_ones = [
        keyed(watch, tuple(_members(name, rules) for name in (*watch.rules, *watch.without)))
        for watch in watches
    ]
    return keyed_ones, mistakes


def _reaches(goal: str, watch: Watch, known: Mapping[str, Watch], seen: frozenset[str]) -> bool:
    for name in (*watch.rules, *watch.without):
        if name == goal:
            return True
        if name in known and name not in seen and _reaches(
            goal, known[name], known, seen | {name}
        ):  # fmt: skip
            return True
    return False


def _members(name: str, rules: Iterable[Rule]) -> tuple[str, ...]:
    """The ids of the rules that a name stands for: itself, or a story's."""
    return tuple(sorted(rule.id for rule in rules if name in {rule.id, rule.story})) or (name,)


def watchers_of(watches: Iterable[Watch], rules: Sequence[Rule]) -> dict[str, tuple[Entry, ...]]:
    """Whom a rule's hits concern, by rule id; `*` any rule's, `` any post."""
    found: dict[str, list[Entry]] = {}
    for watch in watches:
        if not watch.rules:
            anything = "" if watch.type == "flatline" else "*"
            found.setdefault(anything, []).append(entry_of(watch, ""))
        for name in (*watch.rules, *watch.without):
            for rule in _members(name, rules):
                found.setdefault(rule, []).append(entry_of(watch, name))
    return {rule: tuple(entries) for rule, entries in found.items()}


TYPES: tuple[WatchType, ...] = get_args(WatchType)
