"""Start and stop a Neo4j server on a temporary home directory and a free loopback port."""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import neo4j
from neo4j.exceptions import DriverError, Neo4jError

POM = Path(__file__).with_name("pom.xml")
STARTS_WITHIN = 300.0  # seconds; it takes about 10 on an idle machine, minutes on a crowded one
_OPENS = [
    f"--add-opens=java.base/{p}=ALL-UNNAMED" for p in ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
]
_SHORT_LIVED = ["-XX:TieredStopAtLevel=1"]  # compiling for the long run would not pay within one test run


class CannotStartError(Exception):
    """Why there is no server, in one line."""


@dataclass(frozen=True)
class Server:
    """Where a server is and how to get in."""

    uri: str
    username: str
    password: str
    database: str
    home: Path | None = None
    classpath: str = ""

    def driver(self) -> neo4j.Driver:
        """A driver of its own."""
        return neo4j.GraphDatabase.driver(
            self.uri, auth=(self.username, self.password), notifications_min_severity="OFF"
        )

    def empty(self) -> None:
        """Remove all nodes; constraints stay."""
        with self.driver() as driver, driver.session(database=self.database) as session:
            session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 1000 ROWS").consume()


def environment_server() -> Server | None:
    """The developer's own server, if NEO4J_URI names one. It must be empty: the tests delete everything in it."""
    uri = os.environ.get("NEO4J_URI")
    if not uri:
        return None
    server = Server(
        uri,
        os.environ.get("NEO4J_USERNAME") or "neo4j",
        os.environ.get("NEO4J_PASSWORD") or "",
        os.environ.get("NEO4J_DATABASE") or "neo4j",
    )
    with server.driver() as driver, driver.session(database=server.database) as session:
        if session.run("MATCH (n) RETURN count(n)").single(strict=True)[0]:
            raise CannotStartError(f"NEO4J_URI is set, but {uri} is not empty and the tests would empty it")
    return server


@contextmanager
def started_server() -> Iterator[Server]:
    """A new server, stopped at the end whatever happens.

    Raises
    ------
    CannotStartError
        If Java or Maven is missing, or the server does not answer.
    """
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            raise CannotStartError(
                f"no {program}: install Java 17 and Maven (apt install openjdk-17-jre-headless maven), or set NEO4J_URI"
            )
    home = Path(tempfile.mkdtemp(prefix="clinigraph-neo4j-"))
    with _removed_at_the_end(home):
        classpath = _classpath(home)
        password = secrets.token_hex(12)
        port = _configure(home)
        _run_admin(home, classpath, "dbms", "set-initial-password", password)
        with (home / "output.log").open("wb") as log:
            process = subprocess.Popen(
                [
                    *_java(classpath, "-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", *_SHORT_LIVED),
                    "org.neo4j.server.CommunityEntryPoint",
                    f"--home-dir={home}",
                    f"--config-dir={home / 'conf'}",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
        try:
            server = Server(f"bolt://127.0.0.1:{port}", "neo4j", password, "neo4j", home, classpath)
            _wait(server, process)
            yield server
        finally:
            _stop(process)


@contextmanager
def _removed_at_the_end(folder: Path) -> Iterator[None]:
    """Remove the folder even if this process is killed: a shell waits for the end of a pipe that only we hold."""
    command = 'cat > /dev/null; sleep 1; rm -rf "$0"'
    guard = subprocess.Popen(["sh", "-c", command, str(folder)], stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        guard.communicate()


def _java(classpath: str, *options: str) -> list[str]:
    return ["java", *options, *_OPENS, "-cp", classpath]


def _classpath(home: Path) -> str:
    """Jars in the local Maven repository; Maven fetches them the first time (123 MB)."""
    target = home / "classpath"
    command = ["mvn", "-q", "-B", "-f", str(POM), "dependency:build-classpath", f"-Dmdep.outputFile={target}"]
    for offline in (["-o"], []):
        done = subprocess.run([*command, *offline], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode == 0 and target.exists():
            return target.read_text().strip()
    lines = [line for line in done.stdout.splitlines() if "ERROR" in line]
    raise CannotStartError(f"Maven cannot get Neo4j's jars: {lines[0] if lines else done.stderr[-300:]}")


def _configure(home: Path) -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    (home / "conf").mkdir()
    settings = {
        "server.bolt.listen_address": f"127.0.0.1:{port}",
        "server.http.enabled": "false",
        "server.https.enabled": "false",
        "dbms.usage_report.enabled": "false",
        "server.memory.pagecache.size": "128m",
        "db.tx_log.preallocate": "false",
    }
    text = "".join(f"{name}={value}\n" for name, value in settings.items())
    (home / "conf" / "neo4j.conf").write_text(text)
    return port


def _run_admin(home: Path, classpath: str, *arguments: str) -> None:
    done = subprocess.run(
        [*_java(classpath, "-Xmx256m", *_SHORT_LIVED), "org.neo4j.server.startup.Neo4jAdminCommand", *arguments],
        env={**os.environ, "NEO4J_HOME": str(home), "NEO4J_CONF": str(home / "conf")},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise CannotStartError(f"neo4j-admin {arguments[0]} failed: {done.stderr[-300:] or done.stdout[-300:]}")


def run_admin(server: Server, *arguments: str) -> None:
    """Run neo4j-admin on the server's home (the tests' own server only)."""
    assert server.home is not None
    _run_admin(server.home, server.classpath, *arguments)


def _die_with_parent() -> None:
    """Linux: the kernel kills the server if the test run itself is killed (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + STARTS_WITHIN
    host, port = server.uri.removeprefix("bolt://").split(":")
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with socket.create_connection((host, int(port)), timeout=1.0):
                pass
            with server.driver() as driver:
                driver.execute_query("RETURN 1", database_=server.database)
            return
        except (OSError, DriverError, Neo4jError):
            time.sleep(0.3)
    assert server.home is not None
    logs = [server.home / "output.log", server.home / "logs" / "neo4j.log"]
    tail = " ".join(log.read_text(errors="replace")[-400:] for log in logs if log.exists())
    raise CannotStartError(f"the Neo4j server did not answer: {tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Kill it: its data go, too, so that nothing needs an orderly end."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=20)
