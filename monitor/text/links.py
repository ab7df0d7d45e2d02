"""Addresses in a post: those that its text shows, and hosts to compare them by.

`example.org`, `https://www.example.org/page`, `t.me/channel`; international names in either writing
(`пример.рф`, `xn--e1afmkfd.xn--p1ai`).
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import regex

_ADDRESS = regex.compile(
    r"(?i)(?<![\w@.-])(?:https?://(?:[^\s/@]{1,64}@)?)?"
    r"(?P<host>(?:[\w-]{1,63}\.){1,8}[^\W\d_][\w-]{1,62})(?::\d{1,5})?"
    r"(?P<path>/[\w~:/?#@!$&'()*+,;=%.\[\]-]{0,2000})?"
)
_HIDDEN = regex.compile(
    r"(?i)(?:[a-z][a-z0-9+.-]*://)?(?:[^\s/@?#]*@)?([^\s/:?#@]+)[^/?#]*([^?#]*)"
)
_TRAILING = ".,;:!?)]}'\u2019\u00bb"


class Address(NamedTuple):
    """An address at [start, end) of the text, its host (see `host`) and its path."""

    text: str
    start: int
    end: int
    host: str
    path: str


def addresses(text: str) -> Iterator[Address]:
    """The addresses that a text shows. Linear time."""
    if "." not in text:
        return
    for found in _ADDRESS.finditer(text):
        shown = found[0].rstrip(_TRAILING)
        path = (found["path"] or "").rstrip(_TRAILING)
        yield Address(shown, found.start(), found.start() + len(shown), host(found["host"]), path)


def hidden(link: str) -> Address:
    """An address behind words: it stands nowhere in the text, so at [0, 0)."""
    found = _HIDDEN.match(link)
    if found is None:
        return Address(link, 0, 0, "", "")
    return Address(link, 0, 0, host(found[1]), found[2])


@lru_cache(maxsize=4096)
def host(name: str) -> str:
    """A host to compare by: lower case, no `www.`, international names in letters."""
    lower = name.lower().strip(".").removeprefix("www.")
    if "xn--" in lower:
        try:
            return lower.encode("ascii").decode("idna")
        except UnicodeError:
            return lower
    return lower


def leads_to(address: Address, wanted: str) -> bool:
    """Whether an address is at `example.org` or a subdomain, or below `t.me/channel`."""
    domain, _, path = wanted.partition("/")
    if address.host != domain and not address.host.endswith("." + domain):
        return False
    here = address.path.lower().strip("/")
    asked = path.lower().strip("/")
    return not asked or here == asked or here.startswith(asked + "/")
