"""As much of a W&B server as runs and reports need, on loopback, for tests of online mode."""

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from helpers.wandb_artifacts import Artifacts

KEY = "a" * 40
Json = dict[str, Any]


class WandbServer(ThreadingHTTPServer):
    """Answers the client's questions and keeps what it was sent.

    It shows what the client sends, not what W&B would make of it.

    Attributes:
        views: Variables of each report that was saved.
        runs: Run id -> what was said of it when it began and later, as W&B's variables.
        streams: Run id -> what its file stream carried, in order.
        uploads: Name -> content of the files that were uploaded.
        artifacts: Tables and factors.
        refuse: Refuse reports.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.views: list[Json] = []
        self.runs: dict[str, Json] = {}
        self.streams: dict[str, list[Json]] = {}
        self.uploads: dict[str, bytes] = {}
        self.artifacts = Artifacts(f"{self.url}/upload/")
        self.refuse = False

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to send its runs here."""
        return {"WANDB_BASE_URL": self.url, "WANDB_API_KEY": KEY, "WANDB_MODE": "online"}

    @property
    def url(self) -> str:
        """Address."""
        return f"http://127.0.0.1:{self.server_port}"

    def history(self, run: str) -> list[Json]:
        """Rows that a run logged."""
        return [json.loads(line) for line in self._lines(run, "wandb-history.jsonl")]

    def summary(self, run: str) -> Json:
        """A run's summary as it was sent last."""
        found: Json = json.loads(self._lines(run, "wandb-summary.json")[-1])
        return found

    def _lines(self, run: str, name: str) -> list[str]:
        """What a run's file stream carried of one of its files."""
        files = [part["files"] for part in self.streams[run] if part.get("files")]
        return [line for file in files if name in file for line in file[name]["content"]]

    def answer(self, query: str, variables: Json) -> Json:
        """What W&B would say to a question."""
        if "upsertView" in query:
            return self._view(variables)
        if "upsertBucket" in query:
            return _data(upsertBucket={"bucket": self._bucket(variables), "inserted": True})
        if "historyLineCount" in query and variables["name"] in self.streams:
            return _data(model={"id": "p", "bucket": self._resumed(variables["name"])})
        if "createRunFiles" in query:
            urls = [
                {"name": name, "uploadUrl": f"{self.url}/upload/{name}"}
                for name in variables["files"]
            ]
            return _data(createRunFiles={"runID": "r", "uploadHeaders": [], "files": urls})
        if "rtifact" in query:
            return _data(**self.artifacts.answer(query, variables))
        if "viewer" in query:
            viewer = {"id": "u", "entity": "team", "username": "u", "email": "u@example.invalid"}
            return _data(viewer={**viewer, "flags": "{}", "teams": {"edges": []}})
        if "upsertModel" in query:
            return _data(upsertModel={"model": {"name": "alphas"}, "inserted": True})
        pages = {"endCursor": None, "hasNextPage": False}
        none = {"model": None, "serverInfo": None, "entity": None}
        return _data(models={"edges": [], "pageInfo": pages}, **none)

    def _view(self, variables: Json) -> Json:
        if self.refuse:
            return {"errors": [{"message": "permission denied"}]}
        self.views.append(variables)
        project = {"name": variables["projectName"], "entityName": "team"}
        names = ("name", "displayName", "description", "spec")
        view = {"id": "VmlldzoxMjM=", "project": project}
        view |= {name: variables[name] for name in names}
        return _data(upsertView={"view": view, "inserted": True})

    def _bucket(self, variables: Json) -> Json:
        said = {key: value for key, value in variables.items() if value is not None}
        self.runs[variables["name"]] = self.runs.get(variables["name"], {}) | said
        project = {"id": "p", "name": variables["project"], "entity": {"id": "e", "name": "team"}}
        names = ("name", "displayName", "description", "config")
        same = {name: variables.get(name) for name in names}
        return {**same, "id": "b", "sweepName": None, "project": project, "historyLineCount": 0}

    def _resumed(self, run: str) -> Json:
        """What a client asks of a run that it continues."""
        rows = self.history(run)
        counts = {"logLineCount": 0, "eventsLineCount": 0, "historyLineCount": len(rows)}
        return {
            **counts, "id": "b", "name": run, "displayName": self.runs[run]["displayName"],
            "summaryMetrics": json.dumps(self.summary(run)), "config": self.runs[run]["config"],
            "historyTail": json.dumps([json.dumps(rows[-1])] if rows else []), "eventsTail": "[]",
            "tags": self.runs[run].get("tags"), "wandbConfig": json.dumps({"t": 1}),
        }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    server: WandbServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        stream = re.fullmatch(r"/files/[^/]+/[^/]+/([^/]+)/file_stream", self.path)
        if stream:
            self.server.streams.setdefault(stream[1], []).append(json.loads(body))
            return self._say({})
        found = json.loads(body) if self.path == "/graphql" else {"query": ""}
        return self._say(self.server.answer(found["query"], found.get("variables") or {}))

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.uploads[self.path.removeprefix("/upload/")] = body
        self._say({})

    def _say(self, answer: Json) -> None:
        text = json.dumps(answer)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def wandb_server() -> Iterator[WandbServer]:
    """A server for the duration of a test."""
    server = WandbServer()
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def served(words: Sequence[str], home: Path) -> WandbServer:
    """Run a command with a key, to its end, against a server of its own: what it got.

    Args:
        words: Of the command.
        home: Takes the place of the user's, so that no key or setting of theirs is found.
    """
    with wandb_server() as server:
        done = subprocess.run(
            [sys.executable, "-m", "alphanet_pl", *words],
            env=os.environ | server.environment | {"HOME": str(home), "OMP_NUM_THREADS": "1"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return server


def inspect_run(run: Path) -> list[Json]:
    """Every record of an offline run's file."""
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(run)]
    where = run.parent  # it leaves a log in the folder that it stands in
    out = subprocess.run(command, check=True, capture_output=True, text=True, cwd=where).stdout
    return [json.loads(line) for line in out.splitlines()]


def _data(**parts: Any) -> Json:
    return {"data": parts}
