"""Watch public channels, match every post against rules, alert once: see monitor.pipeline."""

__version__ = "0.1.0"
