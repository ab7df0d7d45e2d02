"""What must survive: posts, cursors, incidents and the outbox, in one SQLite file.

    database = Database.open(folder)            the lock, the checks, the migrations
    admitted = admit(database, received, now)   which posts are new, as which versions
    alerts = commit(database, work, now)        all that follows from them, in one transaction

`writer.Writer` runs these in the one thread that writes; `outbox.Outbox` is what the sinks see;
`archive` reads the stored posts back; `retention` lets them go.
"""
