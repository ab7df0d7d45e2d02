"""What a newcomer installs: the wheel, the locks, the Python that is found."""

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("build", "run", "dev")
NAME = re.compile(r"[A-Za-z0-9._-]+")


def tracked(*under: str) -> list[str]:
    """The files of the project below some folders: what git knows, or would add."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *under],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [name for name in listing.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in a wheel, built with what is installed and without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps",
         "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)],
        check=True,
    )  # fmt: skip
    (built,) = folder.glob("monitor-*.whl")
    return set(zipfile.ZipFile(built).namelist())


def test_the_wheel_holds_every_module_and_data_file(wheel: set[str]) -> None:
    """Every file below monitor/ is in the wheel, the schema included."""
    assert set(tracked("monitor")) <= wheel
    assert "monitor/store/schema.sql" in wheel


def test_the_wheel_holds_rules_and_quick_start(wheel: set[str]) -> None:
    """The shipped rules and the quick start are in the wheel, in the folders they have here."""
    shipped = [*tracked("rules"), *tracked("deploy/quickstart"), "deploy/quickstart.yaml"]
    assert len(shipped) > 5
    assert {f"monitor/shipped/{name}" for name in shipped} <= wheel


def test_the_wheel_holds_nothing_else(wheel: set[str]) -> None:
    """Tests, benchmarks and notes stay out of an installation."""
    assert {name.split("/")[0].split("-")[0] for name in wheel} == {"monitor"}


def pins(lock: str) -> dict[str, int]:
    """Package -> how many hashes are pinned for it."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    found: dict[str, int] = {}
    for block in re.split(r"\n(?=\S)", text):
        match = re.match(r"([a-z0-9._-]+)==\S+", block)
        if match:
            found[match[1]] = block.count("--hash=sha256:")
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes_and_no_address(lock: str) -> None:
    """A lock pins exact versions by hash and names no registry, mirror or folder."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    assert pins(lock)
    assert all(pins(lock).values())
    requirements = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert all("==" in line for line in requirements)
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted", text)


def test_the_lock_covers_every_dependency() -> None:
    """What pyproject.toml asks for, with the embedded broker, is pinned in run.txt."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["embedded"]]
    names = {NAME.match(one)[0].lower().replace("_", "-") for one in wanted}  # type: ignore[index]  # each begins with a name
    assert names <= set(pins("run"))


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("locks", [("build",), ("build", "run"), LOCKS], ids="+".join)
def test_the_locks_are_whole_on_every_python(locks: tuple[str, ...], python: str) -> None:
    """What a pinned package needs on any supported Python is pinned beside it."""
    surroundings = {"python_version": python, "python_full_version": f"{python}.0", "extra": ""}
    pinned = {name for lock in locks for name in pins(lock)}
    missing = []
    for name in sorted(pinned):
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # not installed beside these tests
            continue
        for need in map(Requirement, needs):
            asked = need.marker is None or need.marker.evaluate(surroundings)
            if asked and canonicalize_name(need.name) not in pinned:
                missing.append(f"{name} needs {need.name}")
    assert missing == []


def test_dev_and_run_agree() -> None:
    """A package that both locks pin has one version."""
    texts = [(ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8") for lock in LOCKS]
    versions = [dict(re.findall(r"(?m)^([a-z0-9._-]+)==(\S+)", text)) for text in texts]
    for one in versions:
        for other in versions:
            assert all(one[name] == other[name] for name in one.keys() & other.keys())


def test_no_file_names_a_machine_or_a_registry() -> None:
    """No tracked file holds a path of someone's machine or a package registry's address."""
    # The brackets keep this line from finding itself.
    private = re.compile(r"/[r]oot/|/[w]ork/|/[h]ome/\w+/|pypi[.]org|python[h]osted|npmj[s][.]")
    guilty = [
        name
        for name in tracked()
        if private.search((ROOT / name).read_text(encoding="utf-8", errors="replace"))
    ]
    assert guilty == []


def find_python(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/find-python with nothing on PATH but `folder`."""
    return subprocess.run(
        ["/bin/sh", str(ROOT / "scripts" / "find-python")],
        env={"PATH": str(folder), **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def stand_in(folder: Path, name: str, body: str) -> Path:
    """An executable shell script."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_a_python_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    """A version manager's stand-in that fails is skipped for the next Python that works."""
    stand_in(tmp_path, "python3.13", 'echo "not found in this version" >&2; exit 127')
    stand_in(tmp_path, "python3", f'exec {sys.executable} "$@"')
    found = find_python(tmp_path)
    assert found.returncode == 0
    assert Path(found.stdout.strip()).samefile(sys.executable)


def test_without_a_python_the_message_says_what_to_install(tmp_path: Path) -> None:
    """No suitable Python: exit 1 and a message that names what to install, no traceback."""
    stand_in(tmp_path, "python3", "exit 1")
    found = find_python(tmp_path)
    assert found.returncode == 1
    assert found.stdout == ""
    assert "apt-get install python3 python3-venv" in found.stderr


def test_python_can_be_chosen_by_hand(tmp_path: Path) -> None:
    """$PYTHON decides when it is good enough."""
    found = find_python(tmp_path, PYTHON=sys.executable)
    assert Path(found.stdout.strip()).samefile(sys.executable)


def test_make_help_names_the_contract() -> None:
    """`make` alone lists run, test and check, each with what it does."""
    listing = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("run", "test", "check", "lock", "clean"):
        assert re.search(rf"make {target}\s+\w+", listing.stdout)
