"""Where posts come from: one file a kind, listed in SOURCES.

A collector is made of values, a Clock, a HealthBoard and, if it goes out, the one Fetch client; its
`run(intake)` goes on until it is cancelled or has nothing left to read. It keeps nothing that
matters in memory: what it has read is stored together with the cursor that says so.
"""

from monitor.source import Via
from monitor.sources.feed import FeedReader
from monitor.sources.preview import PreviewReader
from monitor.sources.recording import Recording

SOURCES: dict[Via, type[FeedReader | PreviewReader | Recording]] = {
    "feed": FeedReader,  # one object for each feed
    "preview": PreviewReader,  # one object for all channels: they share one pace
    "recording": Recording,  # one object for each recording
}
