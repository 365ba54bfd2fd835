#!/usr/bin/env python3
"""How long pages of the log take at many rows, and those of Overview and Usage at a year of usage: fills a database of its
own with them (SQLite, or with --postgres a server that it starts), serves it with the release, and asks over HTTP. Says the
slowest page of each search; fails over 500 ms, and over 100 ms for sums. Everything lies in .local/bench-log and goes at the
end; ten million rows take about 12 GB there."""

import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
PLACE = ROOT / ".local" / "bench-log"
MASTER = "sk-bench-of-the-log"
LIMIT_MS, SUMS_LIMIT_MS = 500, 100
DAY_MS = 86_400_000
# Rows as the gateway writes them, made by the database itself: {n} is the number of a row.
COLUMNS = """attempt_id, call_id, session_id, status, started_at, booked_at, key_hash, user_id, team_id, organization_id,
  customer_id, model_group, model, cost_nanousd, body, is_attempt, is_call, duration_ms, code, fault, tags"""
ROW = """'a' || {n}, 'a' || {n}, NULL, CASE WHEN {n} % 50 = 0 THEN 'failure' ELSE 'success' END, {at}, {at},
  'key-' || ({n} * 7919 % 500), 'user-' || ({n} * 104729 % 2000), 'team-' || ({n} * 7 % 40), 'org-' || ({n} % 5),
  CASE WHEN {n} % 3 = 0 THEN 'customer-' || ({n} * 31 % 10000) END, 'model-' || ({n} % 12), 'openai/model-' || ({n} % 12),
  {n} * 7919 % 10000000,
  '{{"call_type":"acompletion","provider":"openai","deployment_id":"d-1","api_base":"https://api.openai.com/v1",' ||
  '"usage":{{"input":1200,"output":300}},"story":{{"received_at":' || {at} || ',"attempts":1,"overhead_us":300}}}}',
  1, 1, {n} * 31 % 20000, CASE WHEN {n} % 50 = 0 THEN 429 ELSE 200 END,
  CASE WHEN {n} % 50 = 0 THEN 'RateLimit too many requests ' || {n} END,
  CASE WHEN {n} % 10 = 0 THEN char(31) || 'tag-' || ({n} % 1000) || char(31) END"""

# A year of 200 keys with three models each, a day: a quarter of a million daily roll-ups of each kind.
YEAR_OF = {"days": 365, "keys": 200, "models": 3}
YEAR = """SELECT '{kind}', {id}, {day}, 'key-' || keys.n, 'model-' || ((keys.n + models.n) % 12),
  'openai/model-' || ((keys.n + models.n) % 12), 'openai', 'acompletion', keys.n * 7919 * 1000, 0, 100, 98, 2, 1, 120000,
  30000, 2000, 100, 50, 98, 200000, 50, 20000"""
KINDS = {"gateway": 0, "user": 2000, "team": 40, "organization": 5, "customer": 10000, "tag": 50}


def year_of(kind, day):
    names = KINDS[kind]
    return YEAR.format(kind=kind, id=f"'{kind}-' || (keys.n * 7919 % {names})" if names else "''", day=day)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Gateway:
    def __init__(self, binary, database):
        self.url = f"http://127.0.0.1:{free_port()}"
        config = PLACE / "config.yaml"
        config.write_text(
            "model_list: [{model_name: demo, litellm_params: {model: mock/demo}}]\n"
            f"general_settings: {{master_key: {MASTER}, database_url: '{database}', data_dir: '{PLACE}'}}\n"
        )
        port = self.url.rsplit(":", 1)[1]
        self.process = subprocess.Popen([binary, "--config", config, "--port", port], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while True:
            try:
                self.ask("/health/readiness")
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    sys.exit("the gateway does not start: build a release first")
                time.sleep(0.1)

    def ask(self, path):
        request = urllib.request.Request(self.url + path, headers={"authorization": f"Bearer {MASTER}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


class Sqlite:
    def __init__(self):
        self.url = f"sqlite://{PLACE}/lockgate.db"

    def fill(self, rows, began_ms, step_ms):
        with sqlite3.connect(PLACE / "lockgate.db") as base:
            base.execute("PRAGMA synchronous = OFF")
            base.execute("PRAGMA cache_size = -1000000")
            for first in range(0, rows, 500_000):
                last = min(first + 500_000, rows)
                at = f"({began_ms} + n * {step_ms})"
                base.execute(
                    f"WITH RECURSIVE numbers(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {last})"
                    f" INSERT INTO lockgate_ledger ({COLUMNS}) SELECT {ROW.format(n='n', at=at)} FROM numbers"
                )
                base.commit()
                print(f"  {last:,} rows", flush=True)

    def fill_year(self):
        numbers = [f"{name}(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM {name} WHERE n < {most - 1})" for name, most in YEAR_OF.items()]
        with sqlite3.connect(PLACE / "lockgate.db") as base:
            for kind in KINDS:
                rows = year_of(kind, "date('now', '-' || days.n || ' days')")
                base.execute(f"WITH RECURSIVE {', '.join(numbers)} INSERT INTO lockgate_daily {rows}, 0, 0 FROM days, keys, models")

    def closed(self):
        with sqlite3.connect(PLACE / "lockgate.db") as base:
            return base.execute("SELECT COUNT(*) FROM lockgate_closed").fetchone()[0]

    def end(self):
        pass


class Postgres:
    def __init__(self):
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
        if not found:
            sys.exit("there is no Postgres here: tools/setup.sh installs one")
        self.bin, self.port = found[-1], free_port()
        data = PLACE / "postgres"
        # A server refuses to run as root.
        self.user = ["setpriv", "--reuid", "nobody", "--clear-groups", "--"] if os.geteuid() == 0 else []
        if self.user:
            PLACE.chmod(0o777)
        self.run([self.bin / "initdb", "-D", data, "-U", "bench", "--auth=trust", "--no-sync"])
        options = ["-c", "fsync=off", "-c", "shared_buffers=512MB", "-c", f"unix_socket_directories={PLACE}", "-p", str(self.port)]
        options += ["-c", "listen_addresses=127.0.0.1", "-c", "max_wal_size=4GB"]
        self.process = subprocess.Popen([*self.user, self.bin / "postgres", "-D", data, *options], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while subprocess.run([self.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode:
            if time.monotonic() > deadline:
                sys.exit("Postgres does not start")
            time.sleep(0.1)
        self.url = f"postgres://bench@127.0.0.1:{self.port}/postgres"

    def run(self, command):
        subprocess.run([*self.user, *command], check=True, stdout=subprocess.DEVNULL)

    def sql(self, text):
        self.run([self.bin / "psql", "-q", "-v", "ON_ERROR_STOP=1", self.url, "-c", text])

    def fill(self, rows, began_ms, step_ms):
        row = ROW.replace("char(", "chr(").format(n="n", at=f"({began_ms} + n * {step_ms}::bigint)")
        for first in range(0, rows, 500_000):
            last = min(first + 500_000, rows)
            numbers = f"generate_series({first}::bigint, {last - 1}::bigint) AS numbers(n)"
            self.sql(f"INSERT INTO lockgate_ledger ({COLUMNS}) SELECT {row} FROM {numbers}")
            print(f"  {last:,} rows", flush=True)
        self.sql("ANALYZE lockgate_ledger")

    def fill_year(self):
        numbers = ", ".join(f"generate_series(0, {most - 1}) AS {name}(n)" for name, most in YEAR_OF.items())
        day = "to_char(now() AT TIME ZONE 'UTC' - days.n * interval '1 day', 'YYYY-MM-DD')"
        for kind in KINDS:
            self.sql(f"INSERT INTO lockgate_daily {year_of(kind, day)}, 0, 0 FROM {numbers}")
        self.sql("ANALYZE lockgate_daily")

    def closed(self):
        psql = [*self.user, self.bin / "psql", "-tA", self.url, "-c", "SELECT COUNT(*) FROM lockgate_closed"]
        return int(subprocess.run(psql, check=True, capture_output=True, text=True).stdout)

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)


SEARCHES = [
    "", "api_key=key-7", "user_id=user-3", "team_id=team-5", "organization_id=org-2", "end_user=customer-30",
    "model_group=model-3", "model=openai/model-3", "status_filter=failure", "status_code=429", "status_code=503",
    "tag=tag-10", "tag=none", "text=too%20many", "text=never%20said", "min_spend=0.009999", "max_spend=0.0000001",
    "min_latency_ms=19990", "team_id=team-5&status_filter=failure&min_latency_ms=19000", "api_key=key-7&tag=tag-10",
    "request_id=a777", "session_id=none", "sort_order=asc", "page=200&page_size=50", "user_id=user-3&page=20",
]


def measure(gateway):
    worst = 0
    for search in SEARCHES:
        slowest, found, pages, path = 0, 0, 0, f"/spend/logs/v2?{search}"
        while path and pages < 20:
            began = time.monotonic()
            answer = gateway.ask(path)
            slowest = max(slowest, (time.monotonic() - began) * 1000)
            found, pages = found + len(answer["data"]), pages + 1
            cursor = answer["next_cursor"]
            separator = "&" if search else ""
            plain = "&".join(part for part in search.split("&") if not part.startswith("page="))
            path = cursor and f"/spend/logs/v2?{plain}{separator}cursor={urllib.parse.quote(cursor)}"
        print(f"  {slowest:7.1f} ms the slowest of {pages:2} pages, {found:5} rows: {search or 'everything'}", flush=True)
        worst = max(worst, slowest)
    return worst


def measure_sums(gateway, place):
    """The questions of Overview and Usage, for a month and for a year."""
    deadline = time.monotonic() + 600
    # All days but today, and all months but this one.
    while place.closed() < YEAR_OF["days"] - 1 + 11:
        if time.monotonic() > deadline:
            sys.exit("the days that are over are not put together")
        time.sleep(1)
    by = ["all", "model_group", "model", "provider", "call_type", "key", "user", "team", "organization", "customer", "tag"]
    today, worst = time.time(), 0
    for days in (30, 365):
        dates = [time.strftime("%Y-%m-%d", time.gmtime(today - ago * 86_400)) for ago in (days - 1, 0)]
        slowest = 0
        for more in [f"by={name}{day}" for name in by for day in ("", "&days=true&largest=7", "&days=true&largest=7&measure=errors")]:
            began = time.monotonic()
            answer = gateway.ask(f"/usage?{more}&start_date={dates[0]}&end_date={dates[1]}")
            took = (time.monotonic() - began) * 1000
            if not answer["rows"] or took > SUMS_LIMIT_MS:
                print(f"  {took:7.1f} ms, {len(answer['rows'])} rows: {more}", flush=True)
                took = max(took, SUMS_LIMIT_MS + 1)
            slowest = max(slowest, took)
        print(f"  {slowest:7.1f} ms the slowest sums of {days} days", flush=True)
        worst = max(worst, slowest)
    return worst


def main():
    wishes = argparse.ArgumentParser(description=__doc__)
    wishes.add_argument("--rows", type=int, default=10_000_000)
    wishes.add_argument("--binary", type=pathlib.Path, default=ROOT / "target" / "release" / "lockgate")
    wishes.add_argument("--postgres", action="store_true", help="a server instead of a file")
    wishes = wishes.parse_args()
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    place = Postgres() if wishes.postgres else Sqlite()
    gateway = None
    try:
        # The gateway makes the tables.
        Gateway(wishes.binary, place.url).end()
        began = time.monotonic()
        place.fill(wishes.rows, int(time.time() * 1000) - 90 * DAY_MS, max(1, 90 * DAY_MS // wishes.rows))
        place.fill_year()
        print(f"{wishes.rows:,} rows and a year after {time.monotonic() - began:.0f} s")
        gateway = Gateway(wishes.binary, place.url)
        worst, sums = measure(gateway), measure_sums(gateway, place)
    finally:
        if gateway:
            gateway.end()
        place.end()
        shutil.rmtree(PLACE, ignore_errors=True)
    print(f"the slowest page took {worst:.0f} ms, the slowest sums {sums:.0f} ms")
    sys.exit(worst > LIMIT_MS or sums > SUMS_LIMIT_MS)


if __name__ == "__main__":
    main()
