"""Rows put by few statements are the rows that were given."""

import sqlite3

import pytest

from monitor.store.rows import put_rows


@pytest.mark.parametrize("count", [0, 1, 3, 11, 31, 32, 33, 127, 500])
def test_every_row_is_put_once_and_in_order(count: int) -> None:
    """Whatever their number, all rows are stored, each with its own values, in the given order."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE one (number, text, none)")
    rows = [(number, f"text {number}") for number in range(count)]
    put_rows(connection, "one", "(?, ?, NULL)", rows)
    found = connection.execute("SELECT * FROM one ORDER BY rowid").fetchall()
    connection.close()
    assert found == [(*row, None) for row in rows]


def test_one_row_that_is_refused_is_an_error() -> None:
    """A row that contradicts the table raises, as it would alone."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE one (number INTEGER PRIMARY KEY)")
    with pytest.raises(sqlite3.IntegrityError):
        put_rows(connection, "one", "(?)", [(number,) for number in (1, 2, 3, 2)])
    connection.close()
