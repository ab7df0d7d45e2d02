"""A real morning of air-threat channels: incidents that a person agrees with, mostly."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.data import data_file
from tests.story.replayed import LOUD, AlertObject, replayed, ringing


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[AlertObject]:
    """The alerts of the morning, in order."""
    recording = tmp_path_factory.mktemp("air") / "morning.jsonl"
    recorded = gzip.decompress(data_file("posts/uk-air-alerts-morning.jsonl.gz").read_bytes())
    with Path(recording).open("wb") as out:
        for number, line in enumerate(recorded.splitlines(), 1):
            post = msgspec.json.decode(line)
            at = datetime.fromtimestamp(post["timestamp"], UTC).isoformat()
            name = f"telegram:c{post['channel_id']}"
            said = {"source": name, "id": str(number), "published_at": at, "observed_at": at}
            out.write(msgspec.json.encode({**said, "text": post["text"] or ""}) + b"\n")
    return replayed(recording)


def test_a_list_of_towns_is_told_once(told: list[AlertObject]) -> None:
    """What a digest opens besides is part of its first incident; near towns share one."""
    opened = [one for one in told if one["kind"] == "opened"]
    assert 10 <= len(opened) <= 40
    own = [one for one in opened if not one["incident"].get("part_of")]
    causes = [(post["source"], post["id"]) for one in own for post in one["posts"]]
    assert len(causes) == len(set(causes))


def test_a_launch_site_is_no_target(told: list[AlertObject]) -> None:
    """Ballistic launches "from Bryansk" are no alert of Bryansk."""
    places = {one["incident"]["place"]["id"] for one in told if one["incident"]["place"]}
    assert not places & {"bryansk", "bryansk-oblast"}


def test_the_phone_stays_calm(told: list[AlertObject]) -> None:
    """Of 1,085 posts in four hours few ring, none of them for an echo."""
    rings = ringing(told, *LOUD)
    assert len(rings) <= 6
    assert not [one for one in rings if any(post.get("echo_of") for post in one["posts"])]
