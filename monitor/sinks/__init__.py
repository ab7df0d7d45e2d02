"""Where alerts go: one sink a file, made from the settings by monitor/parts.py.

deliver.py is the loop that all share, wording.py what an alert says to people.
"""
