"""A loopback Telegram: an MTProto 2.0 server that the unmodified Telethon client connects to.

It runs as a process of its own (`python -m tests.doubles.telegram`), so that kill -9 and restarts
of either side are real. Read in this order: `ledger` (what is true), `render` (the same as TL
objects), `methods/` (what may be asked), `line` (one TCP connection), `faults` (what goes wrong),
`control` (the tests' side). What it cannot prove stands in `docs/telegram-double.md`.
"""
