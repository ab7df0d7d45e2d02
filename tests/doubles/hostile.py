"""What strangers may write: the list of naughty strings, and markup that wants to act."""

import msgspec

from tests.data import data_file

PAYLOADS = (
    "@admin", "/start", "/stop@other_bot", "#tag", "$USD", "https://evil.example/x?y=/z",
    "tg://resolve?domain=evil", "t.me/evil", "пример.рф", "a@b.example", "http://127.0.0.1/",
    "ftp://a.b", "evil。com", "x@name", "mailto:a@b.cd", "javascript://x", "evil.example:8080/",
    "＠admin", "@\u200badmin", "evil\u2024com",
)  # fmt: skip
WRAPPERS = (
    "{}", "<a href='{}'>x</a>", "[x]({})", "[{}](tg://user?id=1)", "*{}*", "`{}`", "||{}||",
    "\u202e{}\u202c", "\u2066{}\u2069", "</blockquote><b>{}", "word{}", "{0}{0}", "\x00{}\x1b[31m",
)  # fmt: skip
ATTACKS = tuple(wrapper.format(payload) for wrapper in WRAPPERS for payload in PAYLOADS)
"""260 of them."""

ACTING = frozenset("\x00\x07\x08\x0b\x0c\x0e\x1b\x7f\x85\x9b\u200e\u200f\u061c") | frozenset(
    map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
)
"""Controls that no display for people may be given: terminals obey them, or text turns round."""


def naughty_strings() -> list[str]:
    """The 515 strings of the Big List of Naughty Strings; skips where the data is not."""
    return msgspec.json.decode(data_file("hostile/blns/blns.json").read_bytes(), type=list[str])
