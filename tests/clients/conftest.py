"""The scripted upstream, and a gateway of its own for each test."""

import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
import uuid

import openai
import pytest

HERE = pathlib.Path(__file__).parent
BINARY = os.environ.get("FRONTDESK_BIN", str(HERE.parents[1] / "target/debug/frontdesk"))
# The longest that anything here is waited for, seconds.
DEADLINE = 10
# Shorter than the configured grace: a gateway that only stops because its grace is over stops too late.
STOP_DEADLINE = 6

# A proxy of the machine must not come between the clients and the gateway.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


def wait_for(condition, what):
    """Asks again and again until the condition gives something true; that."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.01)
    pytest.fail(f"waited {DEADLINE} s in vain: {what}")


class Upstream:
    """The scripted model server as a process."""

    def __init__(self):
        command = [sys.executable, str(HERE / "upstream.py"), "--port", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def request(self, path, method="GET"):
        with urllib.request.urlopen(urllib.request.Request(self.url + path, method=method)) as response:
            return json.load(response)

    def calls(self, model=None):
        """All calls, or those of a model by the provider's id."""
        calls = self.request("/log")["calls"]
        return [call for call in calls if model in (None, call["model"])]

    def stop(self):
        self.process.terminate()
        self.process.wait(DEADLINE)
        self.process.stdout.close()


class Gateway:
    """The built gateway as a process, with its ledger."""

    def __init__(self, folder, upstream):
        self.ledger = folder / "ledger.db"
        self.log = folder / "frontdesk.log"
        config = folder / "frontdesk.toml"
        text = (HERE / "gateway.toml").read_text()
        config.write_text(text.replace("UPSTREAM", upstream.url).replace("LEDGER", str(self.ledger)))
        environment = {name: value for name, value in os.environ.items() if name != "FRONTDESK_LOG"}
        environment["SIMULATED_KEY"] = "the-gateways-own"
        with self.log.open("wb") as log:
            command = [BINARY, "serve", "--config", str(config)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        self.url = f"http://{wait_for(self.address, 'the gateway listens')}/v1"

    def address(self):
        if self.process.poll() is not None:
            pytest.fail(f"the gateway ended with {self.process.returncode}:\n{self.log.read_text()}")
        for line in self.log.read_text().splitlines(keepends=True):
            if line.endswith("\n") and line.startswith("{"):
                entry = json.loads(line)
                if entry.get("message") == "listening":
                    return entry["address"]
        return None

    def stop(self):
        """Stops it as an operator would: it must end well, idle connections of clients notwithstanding."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            assert self.process.wait(STOP_DEADLINE) == 0, self.log.read_text()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(DEADLINE)
            pytest.fail(f"the gateway did not stop within {STOP_DEADLINE} s:\n{self.log.read_text()}")

    def peek(self):
        """The rows of the ledger so far, oldest first."""
        connection = sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True)
        try:
            connection.row_factory = sqlite3.Row
            rows = [dict(row) for row in connection.execute("SELECT * FROM requests ORDER BY id")]
        finally:
            connection.close()
        for row in rows:
            row["id"] = str(uuid.UUID(bytes=row["id"]))
            row["attempts"] = [(attempt["model"], attempt["outcome"]) for attempt in json.loads(row["attempts"])]
        return rows

    def rows(self):
        """All rows of the ledger: stops the gateway, so that none is to come."""
        self.stop()
        return self.peek()

    def row(self):
        """The only row of the ledger; stops the gateway."""
        rows = self.rows()
        assert len(rows) == 1, f"one request is one row: {rows}"
        return rows[0]


@pytest.fixture(scope="session")
def started_upstream():
    upstream = Upstream()
    yield upstream
    upstream.stop()


@pytest.fixture
def upstream(started_upstream):
    started_upstream.request("/reset", "POST")
    return started_upstream


@pytest.fixture
def gateway(tmp_path, upstream):
    gateway = Gateway(tmp_path, upstream)
    yield gateway
    gateway.stop()


@pytest.fixture
def client(gateway):
    """A client that shows every failure instead of trying again."""
    return openai.OpenAI(base_url=gateway.url, api_key="unused", max_retries=0, timeout=DEADLINE)
