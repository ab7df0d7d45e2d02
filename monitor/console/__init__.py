"""What the daemon serves over HTTP: feeds of incidents and alerts for other programs, metrics.

server.py has the addresses and who may read them; every format is a pure file of its own.
"""
