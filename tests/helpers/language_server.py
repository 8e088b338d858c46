"""A client of the YAML language server: the real one, from npm, over its standard input and output."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import pytest

from tests.helpers.source import ROOT

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Editor", "language_server"]

VERSION = "1.15.0"
CACHE = ROOT / ".cache" / "yaml-language-server"
BINARY = CACHE / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
PATIENCE = 60


def language_server() -> Path:
    """Where the server is, installed once into an ignored folder; skips without node, npm or a registry."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("the YAML language server needs node and npm (Debian and Ubuntu: apt install npm)")
    if not BINARY.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        words = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(CACHE), f"yaml-language-server@{VERSION}"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            pytest.skip(f"npm cannot install yaml-language-server: {done.stderr.strip().splitlines()[-1:]}")
    return BINARY


@dataclass(slots=True)
class Editor:
    """An editor with one folder open. `schema`: the URI of the schema of all YAML files."""

    process: asyncio.subprocess.Process
    schema: str
    number: int = 0
    diagnostics: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @classmethod
    async def open(cls, server: Path, folder: Path, schema: Path) -> Self:
        """Start the server and introduce the editor."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec("node", str(server), "--stdio", stdin=pipe, stdout=pipe)
        editor = cls(process, schema.as_uri())
        capabilities = {"workspace": {"configuration": True}, "textDocument": {"publishDiagnostics": {}}}
        folders = [{"uri": folder.as_uri(), "name": "playbook"}]
        await editor.ask(
            "initialize", processId=None, rootUri=folder.as_uri(), capabilities=capabilities, workspaceFolders=folders
        )
        await editor.tell("initialized")
        await editor.tell("workspace/didChangeConfiguration", settings={"yaml": editor.settings})
        return editor

    @property
    def settings(self) -> dict[str, Any]:
        """What the server asks for: nothing from the network."""
        return {
            "schemas": {self.schema: "*.yaml"}, "schemaStore": {"enable": False}, "validate": True, "completion": True, "hover": True,
        }  # fmt: skip

    async def close(self) -> None:
        """End the server."""
        self.process.kill()
        await self.process.wait()
        transport = getattr(self.process, "_transport", None)
        if transport is not None:
            transport.close()

    async def show(self, uri: str, text: str) -> list[dict[str, Any]]:
        """Open a file; what the server says of it."""
        self.diagnostics.pop(uri, None)
        await self.tell(
            "textDocument/didOpen", textDocument={"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        )
        while uri not in self.diagnostics:
            await self._read()
        return self.diagnostics[uri]

    async def complete(self, uri: str, line: int, character: int) -> list[str]:
        """The labels that are offered at a place (from 0)."""
        found = await self.ask(
            "textDocument/completion", textDocument={"uri": uri}, position={"line": line, "character": character}
        )
        items = found["items"] if isinstance(found, dict) else found
        return [item["label"] for item in items]

    async def hover(self, uri: str, line: int, character: int) -> str:
        """What is explained at a place."""
        found = await self.ask(
            "textDocument/hover", textDocument={"uri": uri}, position={"line": line, "character": character}
        )
        return json.dumps(found, ensure_ascii=False)

    async def ask(self, method: str, **params: object) -> Any:  # noqa: ANN401 - the protocol's values
        """Send a request, and give its answer."""
        self.number += 1
        await self._send({"id": self.number, "method": method, "params": params})
        while True:
            message = await self._read()
            if message.get("id") == self.number and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    async def tell(self, method: str, **params: object) -> None:
        """Send a notification."""
        await self._send({"method": method, "params": params})

    async def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await self.process.stdin.drain()

    async def _read(self) -> dict[str, Any]:
        """The next message; what the server itself asks or tells is dealt with."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            head = await self.process.stdout.readuntil(b"\r\n\r\n")
            length = next(
                int(line[15:]) for line in head.decode().split("\r\n") if line.lower().startswith("content-length:")
            )
            message: dict[str, Any] = json.loads(await self.process.stdout.readexactly(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            result = None
            if message["method"] == "workspace/configuration":
                result = [
                    self.settings if item.get("section") == "yaml" else None for item in message["params"]["items"]
                ]
            await self._send({"id": message["id"], "result": result})
        return message
