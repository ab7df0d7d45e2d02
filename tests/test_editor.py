"""The JSON Schemas in the language server of editors: no false alarms, mistakes found, hovers.

By hand, once: `npm ci --prefix tests/editor` (needs node).
"""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[1]
SERVER = ROOT / "tests/editor/node_modules/yaml-language-server/bin/yaml-language-server"
SCHEMAS = ROOT / "monitor" / "rulebook"

if shutil.which("node") is None:
    pytest.skip("node is not installed", allow_module_level=True)
if not SERVER.exists():
    pytest.skip(
        "the language server is not installed: npm ci --prefix tests/editor",
        allow_module_level=True,
    )


class Editor:
    """A language client, as far as these tests need one."""

    def __init__(self, server: asyncio.subprocess.Process) -> None:
        assert server.stdin is not None
        assert server.stdout is not None
        self._in, self._out = server.stdout, server.stdin
        self._number = 0
        self._diagnostics: dict[str, list[dict[str, Any]]] = {}

    async def ask(self, method: str, params: object) -> Any:
        """Send a request and wait for its answer; what the server asks meanwhile is answered."""
        self._number += 1
        number = self._number
        self.tell({"id": number, "method": method, "params": params})
        while True:
            message = await self._next()
            if message.get("id") == number and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    async def mistakes(self, path: Path, text: str) -> list[tuple[int, str]]:
        """(line, message) of everything that the editor would underline."""
        uri = self.show(path, text)
        while uri not in self._diagnostics:
            await self._next()
        return [
            (one["range"]["start"]["line"] + 1, one["message"]) for one in self._diagnostics[uri]
        ]

    def show(self, path: Path, text: str) -> str:
        """Open a document; its first line names its schema, as in every shipped file."""
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self.tell({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        return path.as_uri()

    async def _next(self) -> dict[str, Any]:
        length = 0
        while (line := (await self._in.readline()).strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        message: dict[str, Any] = json.loads(await self._in.readexactly(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self._diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            items = (message.get("params") or {}).get("items", [])
            answer = [None] * len(items) if message["method"] == "workspace/configuration" else None
            self.tell({"id": message["id"], "result": answer})
        return message

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message."""
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._out.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)


@pytest.fixture
async def editor() -> AsyncIterator[Editor]:
    """A language server, greeted."""
    server = await asyncio.create_subprocess_exec(
        "node", str(SERVER), "--stdio",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        client = Editor(server)
        async with asyncio.timeout(PATIENCE):
            await client.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
            client.tell({"method": "initialized", "params": {}})
            yield client
    finally:
        server.kill()
        await server.communicate()


NAMES_SCHEMA = "# yaml-language-server: $schema="
SHOWN = [
    path
    for path in sorted([*(ROOT / "rules").rglob("*.yaml"), *(ROOT / "deploy").rglob("*.yaml")])
    if NAMES_SCHEMA in path.read_text("utf-8")
]


def test_every_shipped_rule_file_names_its_schema() -> None:
    """The files that people copy bring the editor's help with them."""
    assert {*(ROOT / "rules").glob("*.yaml"), ROOT / "deploy/quickstart.yaml"} <= {*SHOWN}


@pytest.mark.parametrize("path", SHOWN, ids=[str(path.relative_to(ROOT)) for path in SHOWN])
async def test_shipped_files_are_clean(editor: Editor, path: Path) -> None:
    """Nothing that is shipped is underlined."""
    text = await asyncio.to_thread(path.read_text, "utf-8")
    assert await editor.mistakes(path, text) == []


OWN = ROOT / "rules" / "mine.yaml"
RULE = f"""\
{NAMES_SCHEMA}../monitor/rulebook/schema.json
rules:
  - id: raid
    title: A raid
    level: hihg
    wenn: набег
tests:
  - name: x
    posts: [{{at: soon, source: telegram:one, text: набег}}]
"""


async def test_mistakes_are_underlined(editor: Editor) -> None:
    """A wrong value, an unknown key, a missing key and a wrong time stand at their lines."""
    found = await editor.mistakes(OWN, RULE)
    said = dict(found)
    assert "Value is not accepted" in said[5]
    assert "wenn is not allowed" in said[6]
    assert any('Missing property "when"' in message for _, message in found)
    assert 9 in said


async def test_keys_are_explained(editor: Editor) -> None:
    """Hovering over a key shows its sentence."""
    uri = editor.show(OWN, RULE)
    where = {"textDocument": {"uri": uri}, "position": {"line": 4, "character": 6}}
    hover = await editor.ask("textDocument/hover", where)
    assert "How bad it is." in json.dumps(hover["contents"])


async def test_keys_are_suggested(editor: Editor) -> None:
    """Where a key may stand, the editor offers those of a rule."""
    uri = editor.show(OWN, RULE.partition("    level")[0] + "    \n")
    where = {"textDocument": {"uri": uri}, "position": {"line": 4, "character": 4}}
    offered = await editor.ask("textDocument/completion", where)
    labels = {item["label"] for item in offered["items"]}
    assert {"when", "level", "max_age", "examples"} <= labels


ASKING = f"""\
{NAMES_SCHEMA}../monitor/rulebook/schema.json
rules:
  - id: raid
    title: A raid
    when:
      all: [набег, -учебный набег, '/С-[0-9]{{1,3}}/']
      number: {{of: [ранен*, $hurt], at_least: 5, as: injured}}
      post: {{has: [video, photo], forwarded: false}}
      link: [example.org, t.me/one]
      scope: sentence
"""


async def test_every_kind_of_condition_is_known(editor: Editor) -> None:
    """Conditions as the manual writes them are clean; a wrong value in each is underlined."""
    assert await editor.mistakes(OWN, ASKING) == []
    wrong = ASKING.replace("at_least: 5", "at_last: 5").replace("photo]", "foto]")
    found = await editor.mistakes(OWN.with_name("wrong.yaml"), wrong.replace("sentence", "line"))
    assert {line for line, _ in found} & {5, 6, 7, 8, 10}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (6, "A number that counts one of these words"),
        (7, "What kind of post it is"),
        (8, "example.org with all its"),
        (9, "within one sentence"),
    ],
)
async def test_kinds_of_conditions_are_explained(editor: Editor, line: int, says: str) -> None:
    """Hovering over the key of a condition shows its sentence."""
    uri = editor.show(OWN, ASKING)
    where = {"textDocument": {"uri": uri}, "position": {"line": line, "character": 8}}
    hover = await editor.ask("textDocument/hover", where)
    assert hover is not None
    assert says in json.dumps(hover["contents"])
