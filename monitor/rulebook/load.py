"""Load rules and sources: files in, one rulebook out, or every mistake of every file."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from monitor.document import Node, read_file, shown
from monitor.form import did_you_mean, fill, find
from monitor.incident import Ladder
from monitor.mistake import Mark, Mistake, MistakesError
from monitor.rule import Examples, Rule
from monitor.rulebook.book import ExampleMarks, Rulebook, bind
from monitor.rulebook.files import rule_files
from monitor.rulebook.forms import RuleForm, SourceForm
from monitor.rulebook.kept import Kept, Read
from monitor.rulebook.ladder import read_ladder, shipped_ladder
from monitor.rulebook.lists import Lists
from monitor.rulebook.places import Places, is_places
from monitor.rulebook.timelines import Timeline, read_timelines, unknown_rules
from monitor.rulebook.watches import captured_by, read_watch, resolve
from monitor.rulebook.when import Conditions
from monitor.source import SourceInfo
from monitor.watch import Watch

RULE_KEYS = ("terms", "rules", "tests", "status")
TOPIC_KEYS = ("closes", "denies", "part_of")


def load(  # noqa: PLR0913, PLR0917 - what is read, and who hears of it
    rule_paths: Sequence[Path],
    source_paths: Sequence[Path],
    lists_of: Sequence[Path] = (),
    place_paths: Sequence[Path] = (),
    accounts: Collection[str] | None = None,
    kept: Kept | None = None,
    heard: Callable[[str], None] | None = None,
) -> Rulebook:
    """Read rule files, folders of them (recursively), files of sources and of places.

    All files share one set of word lists and rule ids. A file of sources or of places inside a
    folder of rules is left aside there. `lists_of` are files whose word lists may be used although
    the files themselves are not asked about: when a single file of a folder is checked.
    `accounts` are those that sources may name; None = not known. `kept` is what was read before,
    and gets what is read now. `heard` is told of every term, as soon as it is read, and of a
    few texts that are none.

    Raises:
        MistakesError: every mistake of all files.
    """
    reading = _Reading(kept or Kept(), heard)
    reading.places.take(place_paths)
    others = {path.resolve() for path in (*source_paths, *place_paths)}
    reading.take_rules(rule_paths, others, lists_of)
    reading.take_sources(source_paths, accounts)
    reading.name_topics(alone=bool(lists_of))
    reading.name_watched(alone=bool(lists_of))
    reading.check_timelines(alone=bool(lists_of))
    if reading.mistakes:
        raise MistakesError(reading.mistakes)
    book = bind(
        reading.rules,
        reading.sources,
        reading.examples,
        reading.files,
        reading.places.places.values(),
        reading.places.areas.values(),
        reading.ladder or shipped_ladder(),
        reading.watches,
        reading.written,
    )
    return msgspec.structs.replace(book, timelines=tuple(reading.timelines))


def is_sources(node: Node) -> bool:
    """Whether a document lists sources: under `sources:`, or as a bare list of mappings.

    A bare list of rules is none: somebody forgot the `rules:` above it.
    """
    if isinstance(node.value, list):
        return all(isinstance(one.value, dict) and "when" not in one.value for one in node.value)
    return isinstance(node.value, dict) and "sources" in node.value and "rules" not in node.value


def is_other(node: Node) -> bool:
    """Whether a document among rules is a file of sources or of places."""
    return is_sources(node) or is_places(node)


class _Reading:
    """What was read so far, and every mistake."""

    def __init__(self, kept: Kept, heard: Callable[[str], None] | None) -> None:
        self._kept = kept
        self.written = kept.written
        self.mistakes: list[Mistake] = []
        self.files: list[str] = []
        self.rules: list[Rule] = []
        self.watches: list[Watch] = []
        self._watching: list[Node] = []
        self.examples: dict[str, ExampleMarks] = {}
        self.sources: list[SourceInfo] = []
        self.timelines: list[Timeline] = []
        self.places = Places(self.mistakes, self.files)
        self.ladder: Ladder = ()
        self._heard = heard
        self._lists = Lists(self.mistakes, heard or (lambda _: None))
        self._rule_marks: dict[str, Mark] = {}
        self._named: list[dict[str, list[Mark]]] = []

    def take_rules(
        self, paths: Sequence[Path], not_rules: set[Path], lists_of: Sequence[Path]
    ) -> None:
        """All rule files: first every list, then the rules that use them."""
        rules: list[Node] = []
        named_one_by_one = {path.resolve() for path in paths}
        for path in rule_files(paths, self.mistakes):
            there = path.resolve()
            if there in not_rules:
                continue
            node = self._document(path)
            if node is None:
                self._lists.whole = False
            elif not is_other(node) or there in named_one_by_one:
                self.files.append(shown(path))
                read = self._sections(node)
                rules += read
                self._tell(read)
        for path in rule_files(lists_of, []):
            self._borrow(path)
        self._lists.expand_all()
        conditions = Conditions(self._lists, self.places)
        self._kept.begin((self.places.places, self.places.areas, self.places.whole))
        for rule in rules:
            known = self._kept.rule(rule, self._lists)
            if known is None:
                self._rule(rule, conditions)
            else:
                self._note_id(known.id)
                self._lists.spend(known.spent, rule.mark)
                self._take(known)
        self._kept.end(rules)

    def _tell(self, rules: Iterable[Node]) -> None:
        """Whoever wants to hear of terms hears them; to walk through them all takes a while."""
        if self._heard is not None:
            for text in _texts(find(one, ["when"]) for one in rules):
                self._heard(text)

    def _borrow(self, path: Path) -> None:
        """Make the lists of a file usable; only those that are used are looked into."""
        try:
            terms = find(read_file(path), ["terms"])
        except MistakesError:
            return
        if isinstance(terms.value, dict):
            for name, words in terms.value.items():
                self._lists.lend(name, words)

    def _document(self, path: Path) -> Node | None:
        try:
            return self._kept.document(path)
        except MistakesError as error:
            self.mistakes += error.mistakes
            return None

    def _sections(self, node: Node) -> list[Node]:
        """Take in a file's lists; returns the nodes of its rules."""
        if not isinstance(node.value, dict):
            hint = "write `rules:` and below it `- id: ...`; word lists under `terms:`"
            self._mistake(node.mark, "not a file of rules", hint)
            return []
        for key in node.value.keys() - set(RULE_KEYS):
            self._mistake(node.key_marks[key], f"unknown key `{key}`", did_you_mean(key, RULE_KEYS))
        terms = node.value.get("terms")
        if terms is not None and isinstance(terms.value, dict):
            for name, words in terms.value.items():
                self._lists.define(name, terms.key_marks[name], words)
        elif terms is not None:
            self._mistake(terms.mark, "`terms` should be a mapping", "write `name: [word, ...]`")
        if "status" in node.value:
            self._status(node.value["status"])
        if "tests" in node.value:
            self.timelines += read_timelines(node.value["tests"], self.mistakes)
        rules = node.value.get("rules")
        if rules is None:
            return []
        if not isinstance(rules.value, list):
            self._mistake(rules.mark, "`rules` should be a list", "begin each rule with `- id:`")
            return []
        return rules.value

    def _status(self, node: Node) -> None:
        """Take in the status ladder; there is one for all files."""
        if self.ladder:
            self._mistake(node.mark, "`status` is given twice", "keep one ladder")
        else:
            self.ladder = read_ladder(node, self.mistakes)

    def name_watched(self, *, alone: bool) -> None:
        """Read the correlations: they speak of the other rules, and of what these capture."""
        if not self._watching:
            return
        captured = captured_by(self.rules) if not alone and self._lists.whole else None
        read = [read_watch(node, self.mistakes, captured) for node in self._watching]
        whole = self._lists.whole and not alone
        found = [one for one in read if one is not None]
        self.watches, wrong = resolve(found, self.rules, self._rule_marks, whole=whole)
        self.mistakes += wrong

    def _rule(self, node: Node, conditions: Conditions) -> None:
        if isinstance(node.value, dict) and "correlate" in node.value:
            self._note_id(find(node, ["id"]))
            self._watching.append(node)
            return
        before, spent = len(self.mistakes), self._lists.spent
        self._lists.used = {}
        form, mistakes = fill(RuleForm, _without_when(node))
        self.mistakes += mistakes
        when = None
        if isinstance(node.value, dict):
            self._note_id(find(node, ["id"]))
            if "when" in node.value:
                when = conditions.when(node.value["when"])
        if form is None or when is None:
            return
        flat = {name: getattr(form, name) for name in RuleForm.model_fields}
        flat |= {"when": when, "file": node.mark.file, "line": node.mark.line}
        flat["examples"] = Examples(form.examples.match, form.examples.no_match)
        named = {
            key: [find(node, [key, at]).mark for at in range(len(getattr(form, key)))]
            for key in TOPIC_KEYS
        }
        marks = ExampleMarks(
            _marks(node, "match", len(form.examples.match)),
            _marks(node, "no_match", len(form.examples.no_match)),
        )
        used = self._lists.used
        spent = self._lists.spent - spent
        read = Read(node, find(node, ["id"]), Rule(**flat), named, marks, used, spent)
        if len(self.mistakes) == before:
            self._kept.keep(read)
        self._take(read)

    def _take(self, read: Read) -> None:
        self.rules.append(read.rule)
        self._named.append(read.named)
        self.examples[read.rule.id] = read.examples

    def name_topics(self, *, alone: bool) -> None:
        """Let `closes`, `denies` and `part_of` name what their rules' incidents are about.

        When a file is read `alone`, they may name rules of other files.
        """
        naming = [
            (number, rule)
            for number, rule in enumerate(self.rules)
            if rule.closes or rule.denies or rule.part_of
        ]
        topics = {rule.id: rule.topic for rule in self.rules if naming}
        topics |= {rule.topic: rule.topic for rule in self.rules if naming}
        for number, rule in naming:
            for key in TOPIC_KEYS:
                for name, mark in zip(getattr(rule, key), self._named[number][key], strict=True):
                    if not alone and name not in topics and name not in self._rule_marks:
                        hint = did_you_mean(name, topics, "name the id of a rule or a story")
                        self._mistake(mark, f"`{key}`: there is no rule `{name}`", hint)
            if not (rule.closes or rule.denies):
                continue
            named = {
                key: tuple(dict.fromkeys(topics.get(name, name) for name in getattr(rule, key)))
                for key in TOPIC_KEYS
            }
            self.rules[number] = msgspec.structs.replace(rule, **named)

    def _note_id(self, node: Node) -> None:
        if not isinstance(node.value, str):
            return
        first = self._rule_marks.setdefault(node.value, node.mark)
        if first is not node.mark:
            message = f"rule `{node.value}` is defined twice, first at {first}"
            self._mistake(node.mark, message, "give one of them another id")

    def check_timelines(self, *, alone: bool) -> None:
        """The tests must name rules that exist, if all rules are there to compare with.

        When a file is read `alone`, tests that name rules of other files are left out.
        """
        if alone:
            self.timelines = [
                one for one in self.timelines if not unknown_rules(one, self._rule_marks)
            ]
        elif self._lists.whole:
            for timeline in self.timelines:
                self.mistakes += unknown_rules(timeline, self._rule_marks)

    def take_sources(self, paths: Sequence[Path], accounts: Collection[str] | None) -> None:
        """All sources files; they may name these accounts, or any if that is None."""
        seen: dict[str, Mark] = {}
        for path in paths:
            node = self._document(path)
            if node is None:
                continue
            self.files.append(shown(path))
            for one in self._entries(node):
                form, mistakes = fill(SourceForm, one)
                self.mistakes += mistakes
                mark = find(one, ["id"]).mark
                if form is None:
                    continue
                # Telegram's names do not differ by case, and no other platform's should.
                first = seen.setdefault(form.id.casefold(), mark)
                if first is not mark:
                    message = f"source `{form.id}` is listed twice, first at {first}"
                    self._mistake(mark, message, "keep one of them")
                self._limits(form, one)
                self._account(form, one, accounts)
                self.sources.append(_source(form))

    def _entries(self, node: Node) -> list[Node]:
        """The nodes of a sources file's entries."""
        listed = node
        if isinstance(node.value, dict):
            for key in node.value.keys() - {"sources"}:
                self._mistake(node.key_marks[key], f"unknown key `{key}`", "write `sources:`")
            listed = node.value.get("sources", node)
        if isinstance(listed.value, list):
            return listed.value
        if listed.value is not None:
            hint = "write `sources:` and below it `- id: telegram:name`"
            self._mistake(listed.mark, "not a list of sources", hint)
        return []

    def _limits(self, form: SourceForm, node: Node) -> None:
        """`rules` must name rules that exist, if there are any to compare with."""
        for position, rule in enumerate(form.rules):
            if self._rule_marks and rule not in self._rule_marks:
                mark = find(node, ["rules", position]).mark
                hint = did_you_mean(rule, self._rule_marks, "name the id of a rule")
                self._mistake(mark, f"there is no rule `{rule}`", hint)

    def _account(self, form: SourceForm, node: Node, accounts: Collection[str] | None) -> None:
        """`account` must name one that there is."""
        if form.account and accounts is not None and form.account not in accounts:
            hint = did_you_mean(form.account, accounts, "name one under telegram.accounts")
            message = f"there is no account `{form.account}`"
            self._mistake(find(node, ["account"]).mark, message, hint)

    def _mistake(self, mark: Mark, message: str, hint: str) -> None:
        self.mistakes.append(Mistake(mark, message, hint))


def _texts(nodes: Iterable[Node]) -> Iterator[str]:
    """Every text in these nodes that a term may be."""
    for node in nodes:
        if isinstance(node.value, str):
            if node.value[:1] not in {"$", "-"}:
                yield node.value
        elif isinstance(node.value, list):
            yield from _texts(node.value)
        elif isinstance(node.value, dict):
            yield from _texts(node.value.values())


def _without_when(node: Node) -> Node:
    """A rule whose condition, which is read by itself, is left open."""
    if not isinstance(node.value, dict) or "when" not in node.value:
        return node
    left_open = Node(node.value["when"].mark, "")
    return msgspec.structs.replace(node, value={**node.value, "when": left_open})


def _marks(node: Node, which: str, count: int) -> tuple[Mark, ...]:
    return tuple(find(node, ["examples", which, position]).mark for position in range(count))


def _source(form: SourceForm) -> SourceInfo:
    flat = {name: getattr(form, name) for name in SourceForm.model_fields}
    return SourceInfo(**(flat | {"via": form.ways}))
