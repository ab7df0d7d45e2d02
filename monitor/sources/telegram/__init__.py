"""Telegram by an account: every post of every watched channel, and proof that none is missing.

Telethon carries the calls and pushes; completeness is ours (coverage.py). Read `account.py` first.
"""
