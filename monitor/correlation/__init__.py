"""From hits to incidents: pure decisions over time.

`decide` takes the state, one judged post version and the time, and returns the new state and what
follows from it. Nothing here waits, writes or asks the clock; a replay of the same posts decides
the same.
"""
