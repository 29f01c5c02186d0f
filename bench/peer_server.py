"""MLflow's server beside Trainyard's, in turns: start, memory, lists. Needs nothing of `npm ci`; MLflow from PyPI:

    python3 -m venv /tmp/peer && /tmp/peer/bin/pip install mlflow
    npm run build && node bench/seed-store.ts            # prints SEEDED
    /tmp/peer/bin/python bench/peer_server.py --trainyard "node --max-semi-space-size=8 dist/main.js serve --port 0 --project SEEDED"

MLflow gets 10,000 runs with three metrics, five params and two tags each in its SQLite (`--runs`), Trainyard is asked on
the store of `seed-store.ts`: 1,000,000 jobs. Each server runs alone in one process; requests go over one connection, one
after the other, and each kind is asked of both in turn, so that a busy minute of the machine hurts both.
"""

import argparse
import http.client
import json
import os
import re
import shlex
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

PORT = 5797


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--trainyard", required=True, help="the command of its server, with --port 0")
    options.add_argument("--runs", type=int, default=10_000, help="runs in MLflow's store")
    options.add_argument("--rounds", type=int, default=100)
    options.add_argument("--starts", type=int, default=3)
    asked = options.parse_args()
    folder = tempfile.mkdtemp(prefix="peer-server-")
    experiment = seed(folder, asked.runs)
    mlflow = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(PORT), "--workers", "1"]
    mlflow += ["--backend-store-uri", "sqlite:///%s/mlflow.db" % folder, "--default-artifact-root", folder]
    servers = {"mlflow": (mlflow, "/health"), "trainyard": (shlex.split(asked.trainyard), "/api/v1/me")}
    for name, (command, first) in servers.items():
        took, memory = [], []
        for _ in range(asked.starts):
            server = started(command, first)
            took.append(server.took_ms)
            time.sleep(3)
            memory.append(resident(server.process.pid))
            server.stop()
        say("%s: start to first answer" % name, statistics.median(took), "ms")
        say("%s: memory after its start" % name, statistics.median(memory), "MiB")
    both = {name: started(*server) for name, server in servers.items()}
    try:
        ask(both, experiment, asked.rounds)
    finally:
        for server in both.values():
            server.stop()


def say(what, value, unit):
    print("| %s | %.1f %s |" % (what, value, unit), flush=True)


def seed(folder, count):
    """By bulk SQL into the schema that MLflow itself has made."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store = SqlAlchemyStore("sqlite:///%s/mlflow.db" % folder, folder)
    experiment = store.create_experiment("fleet")
    store.engine.dispose()
    db = sqlite3.connect("%s/mlflow.db" % folder)
    began = int(time.time() * 1000) - count * 1000
    ids = [uuid.uuid4().hex for _ in range(count)]
    db.executemany(
        "insert into runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time,"
        " source_version, lifecycle_stage, artifact_uri, experiment_id) values (?,?,'LOCAL','train.py','','ada','FINISHED',?,?,'','active',?,?)",
        [(r, "kiln_%05d" % i, began + i * 1000, began + i * 1000 + 900, folder, experiment) for i, r in enumerate(ids)],
    )
    for table in ("metrics", "latest_metrics"):
        db.executemany(
            "insert into %s (key, value, timestamp, step, is_nan, run_uuid) values (?,?,?,0,0,?)" % table,
            [(m, (i * 7919 + k) % 9000 / 1000, began + i * 1000, r) for i, r in enumerate(ids) for k, m in enumerate(("mae", "rmse", "skill"))],
        )
    db.executemany(
        "insert into params (key, value, run_uuid) values (?,?,?)",
        [("p%d" % k, str((i + k) % 10), r) for i, r in enumerate(ids) for k in range(5)],
    )
    db.executemany(
        "insert into tags (key, value, run_uuid) values (?,?,?)",
        [pair for i, r in enumerate(ids) for pair in (("mlflow.runName", "kiln_%05d" % i, r), ("team", "team-%d" % (i % 12), r))],
    )
    db.commit()
    db.close()
    return str(experiment)


class Server:
    def __init__(self, process, port, took_ms):
        self.process, self.took_ms = process, took_ms
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, path, body=None):
        began = time.perf_counter()
        headers = {} if body is None else {"content-type": "application/json"}
        self.connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body), headers)
        response = self.connection.getresponse()
        text = response.read()
        took = (time.perf_counter() - began) * 1000
        if response.status != 200:
            raise SystemExit("%s was answered %s: %s" % (path, response.status, text[:300]))
        return took, json.loads(text)

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def started(command, first):
    """From the start of the process to its first answer of `first`."""
    began = time.perf_counter()
    log = tempfile.TemporaryFile("w+")
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    while time.perf_counter() - began < 180:
        log.seek(0)
        said = re.search(r"http://127\.0\.0\.1:(\d+)", log.read())
        port = int(said.group(1)) if said else PORT
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", first)
            if connection.getresponse().status == 200:
                return Server(process, port, (time.perf_counter() - began) * 1000)
        except OSError:
            if process.poll() is not None:
                log.seek(0)
                raise SystemExit(log.read()[-2000:]) from None
        time.sleep(0.01)
    raise SystemExit("%s did not answer" % command)


def resident(pid):
    """Of the process and all that it has started."""
    children = subprocess.run(["ps", "-o", "rss=", "-g", str(pid)], capture_output=True, text=True).stdout
    return sum(int(line) for line in children.split()) / 1024


def ask(both, experiment, rounds):
    mlflow, trainyard = both["mlflow"], both["trainyard"]
    search = "/api/2.0/mlflow/runs/search"
    newest = {"experiment_ids": [experiment], "max_results": 50, "order_by": ["attributes.start_time DESC"]}
    run = mlflow.ask(search, newest)[1]["runs"][0]["info"]["run_id"]
    job = trainyard.ask("/api/v1/jobs?limit=1")[1]["items"][0]["name"]
    kinds = {
        "50 newest trainings": (
            lambda i: mlflow.ask(search, newest),
            lambda i: trainyard.ask("/api/v1/jobs?limit=50"),
        ),
        "50 by a filter": (
            lambda i: mlflow.ask(search, {**newest, "filter": "metrics.mae < 2 and tags.team = 'team-%d'" % (i % 12)}),
            lambda i: trainyard.ask("/api/v1/jobs?limit=50&status=failed&run=%d" % (1 + i * 37 % 990)),
        ),
        "one training": (
            lambda i: mlflow.ask("/api/2.0/mlflow/runs/get?run_id=" + run),
            lambda i: trainyard.ask("/api/v1/jobs/" + job),
        ),
    }
    taken = {}
    for i in range(-3, rounds):
        for kind, pair in kinds.items():
            for name, request in zip(both, pair):
                took, _ = request(i)
                if i >= 0:
                    taken.setdefault((kind, name), []).append(took)
    for (kind, name), times in taken.items():
        say("%s: %s, median" % (name, kind), statistics.median(times), "ms")
        say("%s: %s, p99" % (name, kind), sorted(times)[max(0, round(len(times) * 0.99) - 1)], "ms")
    for name, server in both.items():
        say("%s: memory after all that" % name, resident(server.process.pid), "MiB")


main()
