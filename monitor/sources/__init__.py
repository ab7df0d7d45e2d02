"""Where posts come from: one file a kind, listed in SOURCES.

A collector is made of values, a Clock, a HealthBoard and, if it goes out, the one Fetch client; its
`run(intake)` goes on until it is cancelled or has nothing left to read. It keeps nothing that
matters in memory: what it has read is stored together with the cursor that says so.
"""

from monitor.source import Via

SOURCES: dict[Via, str] = {
    "feed": "monitor.sources.feed:FeedReader",  # one object for each feed
    "preview": "monitor.sources.preview:PreviewReader",  # one for all channels: they share a pace
    "recording": "monitor.sources.recording:Recording",  # one object for each recording
}
"""Kind -> module and class; a module is loaded when a configuration has such a source."""
