#!/usr/bin/env python3
"""Writes docs/status.md from rules/status.yaml, so that the manual says what the daemon does."""

import sys
from pathlib import Path

from monitor.incident import Step
from monitor.rulebook.ladder import shipped_ladder

PAGE = Path(__file__).resolve().parents[1] / "docs" / "status.md"

HEAD = """# How sure an incident is

<!-- Written by scripts/write_status_docs.py from rules/status.yaml; change it there. -->

An incident has the first status, from above, whose conditions hold. Publishers (families) count,
not channels; forwards, copies, links and late posts count for nobody, and an unknown side is no
side. Every change of status is told in the alert's `reason`, with who made it. A rule file may
bring a `status:` of its own in place of this one.

| status | means | takes | rings |
|---|---|---|---|
| retracted | nothing supports it any more | every post deleted, or edited away | yes |
"""


def takes(step: Step) -> str:
    """A step's conditions in words."""
    counts = (
        (step.denials, "publisher denies it", "publishers deny it"),
        (step.families, "publisher", "publishers"),
        (step.sides, "known side", "known sides"),
    )
    parts = [f"{count} {one if count == 1 else many}" for count, one, many in counts if count]
    if step.roles:
        parts.append(f"role {' or '.join(step.roles)}")
    if step.affiliations:
        parts.append(f"side {' or '.join(step.affiliations)}")
    if step.of_the_place:
        parts.append("speaking of its home region")
    return ", ".join(parts)


def page() -> str:
    """The whole page."""
    rows = (
        f"| {step.status} | {step.means} | {takes(step)} | {'yes' if step.rings else 'no'} |\n"
        for step in shipped_ladder()
    )
    return HEAD + "".join(rows)


def main() -> int:
    """Write the page, or with `--check` only compare it."""
    if "--check" in sys.argv:
        return int(PAGE.read_text("utf-8") != page())
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
