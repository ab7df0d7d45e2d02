"""Conditions that are asked of the post itself: scope, number, post, link, expressions, `-word`."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.hit import Hit
from monitor.matching.evaluate import Matcher, evaluate
from monitor.matching.verdict import explain
from monitor.post import Media, Origin, Post, PostName
from monitor.rulebook.load import load
from monitor.text.links import addresses, hidden, leads_to
from monitor.text.sentences import spans

NAME = PostName("telegram:x", "1")
PLAIN = Post(
    source="telegram:x", id="1", published_at=datetime(2023, 5, 22, tzinfo=UTC), text=""
)  # fmt: skip


def matcher(folder: Path, when: str, terms: str = "") -> Matcher:
    """One rule `r` with this `when`, in YAML's flow style."""
    path = folder / "rules.yaml"
    path.write_text(f"{terms}\nrules:\n- {{id: r, title: x, when: {when}}}\n", encoding="utf-8")
    return Matcher(load([path], []))


def hits(folder: Path, when: str, text: str, **post: object) -> tuple[Hit, ...]:
    """What the rule makes of a post."""
    one = Post(source="telegram:x", id="1", published_at=PLAIN.published_at, text=text, **post)  # type: ignore[arg-type]
    return evaluate(matcher(folder, when), one, NAME)


@pytest.mark.parametrize(
    ("when", "text", "found"),
    [
        ("{all: [дрон, сбит], scope: sentence}", "Дрон сбит. Тихо.", ["Дрон", "сбит"]),
        ("{all: [дрон, сбит], scope: sentence}", "Был дрон. Сбит самолёт.", None),
        ("{all: [дрон, сбит], scope: sentence}", "Был дрон\nсбит самолёт", None),
        ("{all: [дрон, сбит], scope: paragraph}", "Был дрон. Сбит он.\n\nТихо.", ["дрон", "Сбит"]),
        ("{all: [дрон, сбит], scope: paragraph}", "Был дрон.\n \nСбит он.", None),
        ("{all: [дрон, сбит], not: учения, scope: sentence}", "Учения. Дрон сбит.",
         ["Дрон", "сбит"]),
        ("{all: [дрон, сбит], not: учения, scope: sentence}", "Дрон сбит на учениях.", None),
        ("{all: [{all: [дрон, сбит], scope: sentence}, взрыв]}", "Взрыв. Дрон сбит.",
         ["Взрыв", "Дрон", "сбит"]),
        ("{all: [дрон ~9 сбит], scope: sentence}", "Дрон. Сбит.", None),
        ("{all: [$a, {any: [сбит]}], scope: sentence}", "Дрон в г. Курск сбит.", ["Дрон", "сбит"]),
        ("[удар, -солнечный удар]", "Солнечный удар", None),
        ("[удар, -солнечный удар]", "Солнечный удар и удар", ["удар"]),
        ("{any: [$a, взрыв, -учебный взрыв]}", "Учебный взрыв, дрон", ["дрон"]),
        ("{not: [удар, -солнечный удар], all: [дрон]}", "Солнечный удар, дрон", ["дрон"]),
        ("{at_least: {n: 2, of: [удар, дрон, -солнечный удар]}}", "Солнечный удар, дрон", None),
        ("$b", "тепловой удар", None),
        ("[$b, взрыв]", "удар", ["удар"]),
        ("'/Ш[аa]хед[- ]\\d{3}/'", "Прилетел шахед-136", ["шахед-136"]),
        ("{all: [дрон, '/курс \\d+/']}", "Дрон, курс 90", ["Дрон", "курс 90"]),
        ("{all: [дрон], not: '/курс \\d+/'}", "Дрон, курс 90", None),
        ("{number: {of: [ранен*, injured], at_least: 5}}", "8 раненых", ["8", "раненых"]),
        ("{number: {of: [ранен*, injured], at_least: 5}}", "восемь раненых", ["восемь", "раненых"]),
        ("{number: {of: [ранен*, injured], at_least: 5}}", "at least eight injured",
         ["at least eight", "injured"]),
        ("{number: {of: [ранен*, injured], at_least: 5}}", "3-8 раненых", None),
        ("{number: {of: [ранен*, injured], at_least: 5}}", "раненые", None),
        ("{number: {of: ранен*, at_most: 8}}", "3-8 раненых", ["3-8", "раненых"]),
        ("{number: {of: ранен*, at_most: 8}}", "более 3 раненых", None),
        ("{number: {of: $a}}", "12 дронов", ["12", "дронов"]),
        ("{number: {of: [удар*, -теплов* удар*], at_least: 2}}", "5 тепловых ударов", None),
        ("{all: [{number: {of: дрон, at_least: 9}}, ночь], scope: sentence}",
         "12 дронов за ночь", ["12", "дронов", "ночь"]),
        ("{link: example.org}", "см. https://www.example.org/page.", ["https://www.example.org/page"]),
        ("{link: example.org}", "news.example.org", ["news.example.org"]),
        ("{link: example.org}", "notexample.org, example.org.evil.com, me@example.org", None),
        ("{link: [example.com, t.me/one]}", "t.me/one/15", ["t.me/one/15"]),
        ("{link: t.me/one}", "t.me/onetwo", None),
        ("{link: пример.рф}", "http://xn--e1afmkfd.xn--p1ai/", ["http://xn--e1afmkfd.xn--p1ai/"]),
    ],
)  # fmt: skip
def test_what_is_found(tmp_path: Path, when: str, text: str, found: list[str] | None) -> None:
    """Each construct finds what it says, and holds nowhere else."""
    terms = "terms:\n  a: [дрон]\n  b: [удар, -тепловой удар]"
    made = evaluate(matcher(tmp_path, when, terms), only(text), NAME)
    assert [[one.text for one in hit.found] for hit in made] == ([] if found is None else [found])


def only(text: str) -> Post:
    """A post that is only its text."""
    return Post(source="telegram:x", id="1", published_at=PLAIN.published_at, text=text)


VIDEO = {"media": (Media("video"), Media("photo"))}
CARD = {"media": (Media("preview"),)}
FORWARD = {"forwarded_from": Origin("telegram:y", "7")}


@pytest.mark.parametrize(
    ("asked", "post", "holds"),
    [
        ("has: video", VIDEO, True),
        ("has: [poll, photo]", VIDEO, True),
        ("has: voice", VIDEO, False),
        ("has: media", VIDEO, True),
        ("has: media", CARD, False),
        ("has: preview", CARD, True),
        ("has: video", {}, False),
        ("text: some", {}, True),
        ("text: none", {}, False),
        ("forwarded: true", FORWARD, True),
        ("forwarded: false", FORWARD, False),
        ("forwarded: false", {}, True),
        ("reply: true", {"reply_to": "7"}, True),
        ("edited: false", {"kind": "edit"}, False),
        ("has: video, forwarded: false", VIDEO, True),
        ("has: video, forwarded: false", {**VIDEO, **FORWARD}, False),
    ],
)
def test_kinds_of_posts(
    tmp_path: Path, asked: str, post: dict[str, object], *, holds: bool
) -> None:
    """`post` asks what is attached and what kind of post it is; its keys are joined by AND."""
    when = f"{{any: дрон, post: {{{asked}}}}}"
    assert bool(hits(tmp_path, when, "дрон", **post)) is holds


def test_a_post_without_words(tmp_path: Path) -> None:
    """`text: none` is a post of emoji or nothing; it can be asked for without any word."""
    when = "{post: {text: none, has: video}}"
    assert hits(tmp_path, when, "🔥 ...", **VIDEO)
    assert not hits(tmp_path, when, "🔥 да", **VIDEO)
    (hit,) = hits(tmp_path, when, "", **VIDEO)
    assert [(one.text, one.start, one.end) for one in hit.found] == [
        ("no words", 0, 0), ("video", 0, 0),
    ]  # fmt: skip


def test_links_behind_words(tmp_path: Path) -> None:
    """An address that the text does not show counts, too; it stands nowhere in the text."""
    (hit,) = hits(tmp_path, "{link: example.org}", "тут", links=("https://a.example.org/x?y",))
    assert [(one.text, one.start, one.end) for one in hit.found] == [
        ("https://a.example.org/x?y", 0, 0)
    ]


def test_numbers_are_captured(tmp_path: Path) -> None:
    """The largest number that fits is on the hit under its name; named groups are, too."""
    when = (
        "{all: [{number: {of: ранен*, as: injured}}, {number: {of: [погиб*], at_least: 1}}], "
        "any: ['/(?P<model>шахед-\\d+)/', дрон]}"
    )
    text = "Ранены трое. Всего 8 раненых, погиб один. Шахед-136 и шахед-131, дрон"
    (hit,) = hits(tmp_path, when, text)
    assert hit.captured == {"injured": 8, "number": 1, "model": "Шахед-136"}


def test_every_leaf_is_explained(tmp_path: Path) -> None:
    """What failed says what there is instead; of a scope, the sentence in which most holds."""
    when = (
        "{any: [{number: {of: [ранен*], at_least: 5}}, {link: example.org}, "
        "{any: [удар, -солнечный удар]}, {post: {has: video}}, "
        "{all: [дрон, сбит], scope: sentence}, '/курс \\d+/']}"
    )
    post = Post(
        source="telegram:x", id="1", published_at=PLAIN.published_at, media=(Media("photo"),),
        text="Солнечный удар. 3 раненых. Дрон летит. Сбит.",
    )  # fmt: skip
    (verdict,) = explain(matcher(tmp_path, when), post)
    assert not verdict.matched
    assert [reason.check for reason in verdict.reasons][1:] == [
        "- number of ранен*: at least 5: раненых: 3",
        "- link to example.org",
        "- удар, but not in: солнечный удар: the words are there, but only in those",
        "- post has video: it has photo, words",
        "- in one sentence:",
        "- - дрон",
        "- - сбит",
        "- /курс \\d+/",
    ]
    assert [reason.holds for reason in verdict.reasons].count(True) == 1
    assert [one.text for one in verdict.reasons[1].found] == ["раненых"]


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ("{all: [a, b], scope: sentance}", "`sentance` is not one of sentence, paragraph"),
        ("{scope: sentence}", "nothing stands beside `scope`"),
        ("{number: {at_least: 5}}", "`of` is missing"),
        ("{number: {of: [], at_least: 5}}", "an empty list"),
        ("{number: {of: x, at_least: five}}", "should be a whole number"),
        ("{number: {of: x, at_least: -1}}", "greater than or equal to 0"),
        ("{number: {of: x, at_least: 5, at_most: 3}}", "no number is at least that"),
        ("{number: {of: x, as: Injured}}", "`Injured` is not usable here"),
        ("{number: {of: {all: [x]}}}", "a word should stand here"),
        ("{number: {off: x}}", "did you mean `of`?"),
        ("{post: {}}", "`post` asks for nothing"),
        ("{post: {has: vidoe}}", "did you mean `video`?"),
        ("{post: {text: no}}", "`no` is not one of none, some"),
        ("{post: {forwarded: maybe}}", "should be true or false"),
        ("{any: a, link: '*.example.org'}", "is no address to link to"),
        ("{any: a, link: []}", "`link` names no address"),
        ("{any: a, link: example}", "is no address to link to"),
        ("[-x]", "takes away from the other words"),
        ("-x", "takes away from the other words"),
        ("{all: [a, -x]}", "a term with - stands under `all`"),
        ("{not: -x}", "takes away from the other words"),
        ("[a, /(a|a)*b/]", "a group is repeated without an end"),
        ("{number: {of: [x, -об*]}}", "fewer than 3 letters"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, when: str, says: str) -> None:
    """Each mistake is said at its place, with what to write instead."""
    with pytest.raises(Exception, match=r"rules\.yaml:3:") as caught:
        matcher(tmp_path, when)
    assert says in str(caught.value)


def test_examples_leave_out_what_only_posts_have(tmp_path: Path) -> None:
    """Examples are texts: `post` is left out when they are judged, `scope` and `number` are not."""
    path = tmp_path / "rules.yaml"
    path.write_text(
        "rules:\n- id: r\n  title: x\n  when: {all: [дрон, {number: {of: сбит*}}], scope: sentence,"
        " post: {has: video}}\n  examples:\n    match: [Сбито 3 дрона.]\n"
        "    no_match: [Сбито 3. Дрон.]\n",
        encoding="utf-8",
    )
    from monitor.matching.rehearse import rehearse  # noqa: PLC0415 - only here

    book = load([path], [])
    assert rehearse(book, Matcher(book)) == ()


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Один. Два! Три?", ["Один.", " Два!", " Три?"]),
        ("В г. Белгород на ул. Мира. А. Гладков", ["В г. Белгород на ул. Мира.", " А. Гладков"]),
        ("Да... нет. Mr. Smith left.", ["Да... нет.", " Mr. Smith left."]),
        ("«Да!» Он ушёл", ["«Да!»", " Он ушёл"]),
        ("Раз\nдва", ["Раз\n", "два"]),
        ("Раз.🔥Два", ["Раз.", "🔥Два"]),
        ("В 22.05 и на example.org тихо", ["В 22.05 и на example.org тихо"]),
        ("一。二", ["一。", "二"]),
        ("  \n ", []),
    ],
)  # fmt: skip
def test_sentences(text: str, cut: list[str]) -> None:
    """A sentence ends at its sign or line break, not at an abbreviation, a date or an address."""
    assert [text[start:end] for start, end in spans(text, "sentence")] == cut


def test_paragraphs() -> None:
    """A paragraph ends at an empty line."""
    text = "Раз.\nДва.\n \n\nТри"
    assert [text[start:end] for start, end in spans(text, "paragraph")] == [
        "Раз.\nДва.\n \n\n", "Три",
    ]  # fmt: skip


def test_hostile_addresses_take_linear_time() -> None:
    """Texts that are nearly addresses are read within the test's second."""
    for text in ("a." * 30_000, "a." * 30_000 + "1", "http://" * 9_000, "x" * 65_000 + ".org"):
        assert len(list(addresses(text))) < 30_000
    assert not leads_to(hidden("javascript:alert(1)"), "example.org")
    assert leads_to(hidden("HTTPS://user@Sub.Example.org:8080/path"), "example.org/path")
