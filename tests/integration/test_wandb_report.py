"""`alphanet compare` with a W&B key: the report reaches the server, or a sentence says why not."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from alphanet_pl.evaluation.schema import new_evaluation, write_evaluation

pytest.importorskip("wandb_workspaces")


class Server(ThreadingHTTPServer):
    """As much of W&B as a report needs, on loopback; keeps the views it was given."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.views: list[dict] = []
        self.refuse = False

    def answer(self, query: str, variables: dict) -> dict:
        if "upsertView" in query:
            if self.refuse:
                return {"errors": [{"message": "permission denied"}]}
            self.views.append(variables)
            project = {"name": variables["projectName"], "entityName": "team"}
            names = ("name", "displayName", "description", "spec")
            view = {"id": "VmlldzoxMjM=", "project": project}
            view |= {name: variables[name] for name in names}
            return {"data": {"upsertView": {"view": view, "inserted": True}}}
        if "viewer" in query:
            viewer = {"id": "u", "entity": "team", "username": "u", "email": "u@example.invalid",
                      "flags": "{}", "teams": {"edges": []}}  # fmt: skip
            return {"data": {"viewer": viewer}}
        if "upsertModel" in query:
            return {"data": {"upsertModel": {"model": {"name": "alphas"}, "inserted": True}}}
        pages = {"endCursor": None, "hasNextPage": False}
        return {"data": {"models": {"edges": [], "pageInfo": pages}, "serverInfo": None}}


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = json.loads(body) if self.path == "/graphql" else {"query": ""}
        text = json.dumps(self.server.answer(found["query"], found.get("variables") or {}))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def _compare(server, tmp_path) -> "subprocess.CompletedProcess[str]":
    for name in ("v2", "v2.1"):
        folder = tmp_path / "runs" / "mine" / name
        folder.mkdir(parents=True)
        empty = new_evaluation(name, "2011-01-31", "2021-06-30")
        write_evaluation(empty, folder / "evaluation.json")
    command = [sys.executable, "-m", "alphanet_pl", "compare", f"runs={tmp_path / 'runs'}"]
    key = {"WANDB_BASE_URL": f"http://127.0.0.1:{server.server_port}", "WANDB_API_KEY": "a" * 40}
    return subprocess.run(
        [*command, "experiment=mine", "logger.project=alphas"],
        env=os.environ | key | {"HOME": str(tmp_path), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip


def test_the_report_is_saved_under_the_users_entity(server, tmp_path):
    done = _compare(server, tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"W&B report: http://127.0.0.1:{server.server_port}/team/alphas/reports/" in done.stdout
    (view,) = server.views
    assert (view["entityName"], view["projectName"]) == ("team", "alphas")
    assert "panel-grid" in view["spec"]
    assert "the baseline is v2." in view["spec"]


def test_a_refusal_is_one_sentence_and_the_page_stays(server, tmp_path):
    server.refuse = True
    done = _compare(server, tmp_path)
    assert done.returncode == 2
    assert "W&B did not take the report" in done.stderr
    assert "HINT: logger.entity=" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "runs" / "mine" / "compare.html").is_file()
