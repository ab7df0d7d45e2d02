"""What is read of a post with hits: what it is recognised by, what it links to and counts.

None of it but where the footer begins depends on what came before. So it can be read earlier, and
is read once, however often its post is told again.
"""

from collections.abc import Container

from monitor.correlation.claiming import said
from monitor.correlation.event import Event
from monitor.correlation.known import Footers
from monitor.correlation.repeats import Repeats, cited
from monitor.incident import Gist
from monitor.post import Post
from monitor.text.sketch import body_of, sketch_of, tail_of


def gist_of(post: Post, footers: Container[int] = ()) -> Gist:
    """What a post says, given the footers of its channel (by hash)."""
    text = post.text
    tail = tail_of(text)
    body = body_of(text, tail, footers)
    return Gist(sketch_of(body, tail), len(body), cited(post), said(text))


def read(repeats: Repeats, event: Event) -> Gist:
    """What an event's post says: as read before, if its footer is still the same."""
    post, gist = event.post, event.gist
    footers = Footers(repeats.table, post.source)
    if gist is None:
        return gist_of(post, footers)
    tail = gist.sketch.tail
    body = body_of(post.text, tail, footers)
    if len(body) == gist.length:
        return gist
    return Gist(sketch_of(body, tail), len(body), gist.cites, gist.said)
