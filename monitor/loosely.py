"""What an object keeps of its own methods, without a ring between the two.

An object that holds a cache of its own method is in a ring with it: only a collection of garbage
ends both, with everything that they refer to. What is set aside (monitor/garbage.py) never would.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar
from weakref import WeakMethod

P = ParamSpec("P")
T = TypeVar("T")


def loosely(method: Callable[P, T]) -> Callable[P, T]:
    """The method as a function that does not keep its object alive."""
    weak = WeakMethod(method)

    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        known = weak()
        assert known is not None  # noqa: S101 - its object is the one that calls
        return known(*args, **kwargs)

    return call
