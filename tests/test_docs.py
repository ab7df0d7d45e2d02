"""The documents say what the program does: names, words, links and commands are checked."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from monitor.alert import AlertKind
from monitor.cli import VERBS, main
from monitor.incident import OUTCOMES, Status
from monitor.rule import LEVELS

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md"]
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"(?m)^#+ (.+)$")
FILE = re.compile(r"`((?:monitor|tests|docs|rules|deploy|scripts|requirements)/[\w./*-]*)`")


def read(name: str) -> str:
    """One page."""
    return (ROOT / name).read_text(encoding="utf-8")


def everything() -> str:
    """All pages."""
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


def anchor(heading: str) -> str:
    """A heading's anchor, as forges make it."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.replace(" ", "-")


def test_the_settings_page_is_current() -> None:
    """docs/settings.md is what the settings say now: every key, default and meaning."""
    run = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "write_settings_docs.py"), "--check"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_reference_is_current() -> None:
    """docs/rules-reference.md is what the schemas of rules, sources and places say now."""
    run = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "write_rules_reference.py"), "--check"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_recipe_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every recipe of the cookbook is a rule without mistakes, and its examples and tests hold."""
    page = read("docs/cookbook.md")
    recipes = re.findall(r"(?s)\n### (.*?)\n.*?```yaml\n(.*?)```", page)
    assert len(recipes) == page.count("\n### ") >= 25
    for number, (_, block) in enumerate(recipes):
        (tmp_path / f"{number:02}.yaml").write_text(block, encoding="utf-8")
    assert main(["check", str(tmp_path)]) == 0, capsys.readouterr().out
    assert main(["test", str(tmp_path)]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_resolve(page: Path) -> None:
    """Every link within the project leads to a file, every anchor to a heading."""
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"https?:", link):
            continue
        name, _, fragment = link.partition("#")
        target = (page.parent / name) if name else page
        assert target.exists(), link
        if fragment:
            headings = HEADING.findall(target.read_text(encoding="utf-8"))
            assert fragment in {anchor(heading) for heading in headings}, link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_files_exist(page: Path) -> None:
    """Every file or folder of the project that a page names is there."""
    for name in FILE.findall(page.read_text(encoding="utf-8")):
        assert list(ROOT.glob(name.rstrip("/"))), name


@pytest.mark.parametrize("page", ["README.md", "docs/rules.md"])
def test_shown_rules_and_sources_work(
    page: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rules and sources that a page shows are without mistakes, and their examples hold."""
    shown = [
        block for block in re.findall(r"(?s)```yaml\n(.*?)```", read(page)) if "- id:" in block
        or "- {id:" in block
    ]  # fmt: skip
    assert shown
    for number, block in enumerate(shown):
        path = tmp_path / f"{number}.yaml"
        path.write_text(block, encoding="utf-8")
        assert main(["check", str(path)]) == 0, capsys.readouterr().out
        assert main(["test", str(path)]) == 0, capsys.readouterr().out


def test_the_map_is_whole() -> None:
    """Every module and folder right below monitor/ stands in the design's map."""
    design = read("docs/design.md")
    parts = [
        path.name if path.is_file() else f"{path.name}/"
        for path in (ROOT / "monitor").iterdir()
        if not path.name.startswith("_")
    ]
    missing = [name for name in parts if not re.search(rf"(?<![\w]){re.escape(name)}", design)]
    assert missing == []


def test_every_verb_is_explained() -> None:
    """Every verb of the command line stands in docs/commands.md, and none that does not exist."""
    verbs = set(re.findall(r"`monitor ([a-z]+)", read("docs/commands.md")))
    assert verbs == set(VERBS)


def test_the_readme_names_commands_that_exist() -> None:
    """Every `monitor VERB` and `make TARGET` in the README can be typed."""
    text = read("README.md")
    targets = set(re.findall(r"(?m)^([a-z]+):", read("Makefile")))
    assert set(re.findall(r"`?make ([a-z]+)(?=[` \n])", text)) <= targets
    assert set(re.findall(r"`monitor ([a-z]+)", text)) <= set(VERBS)


@pytest.mark.parametrize(
    "word", [*OUTCOMES, *get_args(Status), *get_args(AlertKind), *LEVELS], ids=str
)
def test_every_word_is_explained(word: str) -> None:
    """Every outcome, status, kind of alert and level stands in the documents."""
    assert f"`{word}`" in everything()


def test_every_dependency_has_its_reason() -> None:
    """Each direct dependency stands in the decision about dependencies."""
    project = tomllib.loads(read("pyproject.toml"))["project"]
    optional = project.get("optional-dependencies", {}).values()
    wanted = [*project["dependencies"], *(one for group in optional for one in group)]
    reasons = read("docs/decisions/0002-dependencies.md")
    for one in wanted:
        name = re.split(r"[\[<>=!~ ]", one)[0]
        assert f"| {name} " in reasons, name


def test_every_installed_package_has_its_licence() -> None:
    """Each package that an installation brings stands in docs/licences.md."""
    pinned = re.findall(r"(?m)^([a-z0-9._-]+)==", read("requirements/run.txt"))
    licences = read("docs/licences.md")
    assert pinned
    for name in pinned:
        assert f"| {name} |" in licences, name
