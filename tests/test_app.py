"""The command line as a user meets it: the whole way on real notes, and every kind of bad input."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from clinigraph.app import cli

ROOT = Path(__file__).parent.parent
DEMO = ROOT / "app" / "demo"
PATTERN = r"(?P<patient>p\d+)/(?P<date>[\d-]+)_(?P<type>\w+)"


@pytest.fixture(scope="module")
def ward(tmp_path_factory) -> Path:
    """A graph of the sample notes, built once by the command itself."""
    graph = tmp_path_factory.mktemp("ward") / "ward.db"
    shutil.copytree(DEMO, graph.parent / "notes", ignore=shutil.ignore_patterns("__pycache__"))
    build = ["build", str(graph.parent / "notes"), "--path-pattern", PATTERN, "--graph", str(graph), "--json"]
    status, out, _ = command(*build)
    assert status == 0
    report = json.loads(out)
    assert report["processed"] == 17 and report["failed"] == 0 and report["graph"]["nodes"]["Patient"] == 9
    return graph


def command(*arguments: str, environment: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Run the command as the console script does, in this process: status, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    status: object = 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["clinigraph", *arguments])
        for name, value in {"COLUMNS": "200", **(environment or {})}.items():
            patch.setenv(name, value)
        try:
            cli.main()
        except SystemExit as stop:
            status = stop.code
    return int(status or 0), out.getvalue(), err.getvalue()


def process(*arguments: str) -> tuple[int, str, str]:
    """Run the command in a process of its own."""
    line = [sys.executable, "-m", "clinigraph.app", *arguments]
    done = subprocess.run(line, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout, done.stderr


def clear_error(status: int, err: str, *words: str) -> None:
    """One line that says what to do, and never a traceback."""
    assert status == 2
    assert "Traceback" not in err and "What to do: " in err
    for word in words:
        assert word in err


def test_version_and_help():
    assert process("--version")[1].startswith("clinigraph 0.")
    status, out, _ = process("--help")
    assert status == 0 and all(name in out for name in ("build", "diagnose", "recommend", "evaluate"))


def test_importing_the_command_line_imports_nothing_heavy():
    heavy = "('spacy', 'torch', 'onnxruntime', 'neo4j')"
    code = f"import sys, clinigraph.app.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert cli.app.info.name == "clinigraph"


def test_a_second_build_changes_nothing_and_says_so(ward):
    before = command("graph", "export", str(ward.parent / "a.jsonl"), "--graph", str(ward))
    assert before[0] == 0
    again = command("build", str(ward.parent / "notes"), "--path-pattern", PATTERN, "--graph", str(ward))
    assert again[0] == 0 and "Nothing has changed: all 17 notes" in again[1]
    command("graph", "export", str(ward.parent / "b.jsonl"), "--graph", str(ward))
    assert (ward.parent / "a.jsonl").read_bytes() == (ward.parent / "b.jsonl").read_bytes()


def test_patient_record(ward):
    status, out, _ = command("patient", "p01", "--graph", str(ward), "--json")
    record = json.loads(out)
    facts = {(f["kind"], f["name"].lower()): f for f in record["facts"]}
    assert status == 0 and record["sex"] == "female" and record["age"] == 67
    assert any(kind == "AllergyIntolerance" and "penicillin" in name for kind, name in facts)
    assert any(kind == "FamilyMemberHistory" and "breast" in name for kind, name in facts)
    assert not any(kind == "Condition" and "breast" in name for kind, name in facts)
    assert facts["MedicationStatement", "metformin"]["details"]["status"] == "stopped"
    assert all(f["evidence"] for f in record["facts"])
    text = command("patient", "p01", "--graph", str(ward))[1]
    assert "Allergies" in text and "Elm" not in text


def test_diagnose_and_recommend_explain_themselves(ward):
    status, out, _ = command("diagnose", "p02", "--graph", str(ward), "--json", "--setting", "emergency")
    answer = json.loads(out)
    assert status == 0 and answer["entries"] and answer["ask_next"] and "not a medical device" in answer["disclaimer"]
    assert all(part["reason"] for entry in answer["entries"] for part in entry["evidence_for"])
    status, out, _ = command("recommend", "p02", "--for", "pneumonia", "--graph", str(ward), "--json")
    answer = json.loads(out)
    blocked = {drug["name"].lower(): drug["reasons"] for drug in answer["blocked"]}
    assert status == 0
    assert any("amoxicillin" in name for name in blocked), sorted(blocked)
    assert "doxycycline" in blocked and any(
        r["kind"] in ("pregnancy", "contraindication") for r in blocked["doxycycline"]
    )
    assert not {d["name"].lower() for d in answer["suggested"]} & set(blocked)


def test_a_question_says_what_its_answer_would_tell(ward):
    _, out, _ = command("diagnose", "p09", "--graph", str(ward), "--setting", "emergency")
    asked = out.split("Ask, examine or test next")[1]
    assert "speaks for" in asked
    assert all(line.split("speaks for")[1].strip() for line in asked.splitlines() if "speaks for" in line)


def test_check_blocks_what_must_not_be_given(ward):
    status, out, _ = command("check", "p01", "--drug", "amoxicillin", "--graph", str(ward), "--json")
    answer = json.loads(out)
    assert status == 0 and answer["verdict"] == "blocked"
    reason = answer["blocks"][0]
    assert reason["evidence"][0]["note_id"].startswith("p01/") and reason["sources"]
    assert (
        json.loads(command("check", "p01", "--drug", "metformin", "--graph", str(ward), "--json")[1])["verdict"]
        == "blocked"
    )


def test_findings_in_words_need_no_patient(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, _ = command("diagnose", "--findings", "fever, productive cough, no wheezing", "--age", "70", "--json")
    answer = json.loads(out)
    assert status == 0 and any("pneumonia" in e["name"] for e in answer["entries"])
    clear_error(*strip(command("diagnose", "--findings", "blorbification of the quux")), "blorbification")
    clear_error(*strip(command("diagnose")), "--findings")


def strip(result: tuple[int, str, str]) -> tuple[int, str]:
    return result[0], result[2]


def test_named_queries(ward):
    assert "patients_with_condition" in command("graph", "query")[1]
    status, out, _ = command("graph", "query", "patients", "--graph", str(ward), "--json")
    assert status == 0 and len(json.loads(out)["rows"]) == 9
    clear_error(*strip(command("graph", "query", "no_such", "--graph", str(ward))), "no_such")
    clear_error(*strip(command("graph", "query", "patients", "x", "--graph", str(ward))), "NAME=VALUE")
    clear_error(*strip(command("graph", "query", "--cypher", "RETURN 1", "--graph", str(ward))), "Neo4j")
    stats = json.loads(command("graph", "stats", "--graph", str(ward), "--json")[1])
    assert stats["nodes"]["Note"] == 17


def test_extract_in_all_formats(tmp_path):
    notes = str(DEMO / "p03")
    for kind, expected in (
        ("jsonl", "o"),
        ("parquet", "o"),
        ("brat", "o/2024-01-20_progress_note.ann"),
        ("html", "o/index.html"),
    ):
        target = tmp_path / kind / "o"
        status, out, err = command("extract", notes, "--to", kind, "--output", str(target), "--json")
        assert status == 0, err
        assert (tmp_path / kind / expected).exists() and json.loads(out)["processed"] == 2


def test_bad_notes_do_not_end_a_build(tmp_path):
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "good.txt").write_text("Pneumonia. No fever.")
    (notes / "empty.txt").write_text("")
    (notes / "binary.txt").write_bytes(bytes(range(256)))
    (notes / "broken.txt").write_bytes(b"Asthma \xff\xfe and cough.")
    (notes / "chinese.txt").write_text("患者胸痛三天，伴有发热和咳嗽。")
    (notes / "table.csv").write_text("id,body\n1,Cough.\n")
    (notes / "twice.jsonl").write_text(
        '{"note_id": "t", "text": "Gout."}\n{"note_id": "t", "text": "Migraine."}\n{"note_id": "t", "text": "Gout."}\n'
    )
    (notes / "long_line.txt").write_text("no fever and some cough with pain " * 9_000 + "then severe migraine")
    log = tmp_path / "problems.jsonl"
    status, out, err = command(
        "build", str(notes), "--graph", str(tmp_path / "g.db"), "--problems", str(log), "--json", "--jobs", "2"
    )
    report = json.loads(out)
    assert status == 0 and "Traceback" not in err
    assert (report["processed"], report["repeated"], report["failed"]) == (4, 1, 5)
    problems = [json.loads(line) for line in log.read_text().splitlines()]
    assert {p["where"].rsplit("/", 1)[1] for p in problems if p["level"] == "error"} == {
        "empty.txt", "binary.txt", "chinese.txt", "table.csv", "twice.jsonl line 2",
    }  # fmt: skip
    assert "Migraine." not in err and "患者" not in err
    rows = json.loads(
        command("graph", "query", "note_mentions", "note=long_line", "--graph", str(tmp_path / "g.db"), "--json")[1]
    )
    assert any("migraine" in str(row.values()) for row in rows["rows"])  # found to the last word


def test_places_that_are_no_graph(tmp_path, ward):
    text = tmp_path / "text.db"
    text.write_text("not a database at all, but long enough to look like one" * 50)
    clear_error(*strip(command("patient", "p01", "--graph", str(text))), "text.db")
    clear_error(*strip(command("build", str(DEMO / "p03"), "--graph", str(text))), "text.db")
    clear_error(*strip(command("patient", "p01", "--graph", str(tmp_path / "none.db"))), "none.db")
    clear_error(*strip(command("patient", "nobody", "--graph", str(ward))), "nobody")
    clear_error(
        *strip(command("build", str(tmp_path / "nowhere"), "--graph", str(tmp_path / "x.db"))), "does not exist"
    )
    locked = tmp_path / "locked.db"
    shutil.copy(ward, locked)
    locked.chmod(0o444)
    clear_error(*strip(command("build", str(DEMO / "p03"), "--graph", str(locked))), "locked.db")
    assert command("patient", "p01", "--graph", str(locked))[0] == 0


def test_a_server_that_is_down():
    secret = {"NEO4J_USERNAME": "neo4j", "NEO4J_PASSWORD": "very-secret"}
    result = command("graph", "stats", "--graph", "bolt://127.0.0.1:9", environment=secret)
    clear_error(*strip(result), "127.0.0.1:9")
    assert "very-secret" not in result[2]


def test_evaluate_says_what_is_wrong(tmp_path):
    clear_error(*strip(command("evaluate", "assertion", str(tmp_path / "none.tsv"))))
    (tmp_path / "bad.tsv").write_text("a\tb\n1\t2\n")
    clear_error(*strip(command("evaluate", "assertion", str(tmp_path / "bad.tsv"))))
    (tmp_path / "empty.txt").write_text("")
    clear_error(*strip(command("evaluate", "entities", str(tmp_path / "empty.txt"), "--format", "pubtator")))
    # a row that cannot be read is listed, and the others are measured
    (tmp_path / "gold.jsonl").write_text('{"text": "Took aspirin.", "spans": [[5, 12, "DRUG"]]}\n{"broken\n')
    status, stdout, stderr = command(
        "evaluate", "entities", str(tmp_path / "gold.jsonl"), "--format", "jsonl", "--errors", "3"
    )
    assert status == 0 and "DRUG" in stdout and "gold.jsonl line 2" in stderr
    result = command("evaluate", "relations", str(tmp_path / "gold.jsonl"), "--format", "jsonl")
    clear_error(*strip(result), "--annotations")


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent in another way on Windows")
def test_ctrl_c_keeps_what_is_done_and_goes_on(tmp_path):
    rows = [
        {"note_id": f"n{i}", "text": f"Visit {i}. Cough and fever. Started aspirin 81 mg daily."} for i in range(600)
    ]
    notes, graph = tmp_path / "n.jsonl", tmp_path / "g.db"
    notes.write_text("\n".join(map(json.dumps, rows)))
    arguments = [
        sys.executable,
        "-m",
        "clinigraph.app",
        "build",
        str(notes),
        "--graph",
        str(graph),
        "--jobs",
        "1",
        "--json",
    ]
    running = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and running.poll() is None:
        time.sleep(0.3)
        done = command("graph", "stats", "--graph", str(graph), "--json") if graph.exists() else (1, "", "")
        if done[0] == 0 and json.loads(done[1])["nodes"]["Note"]:
            break
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    if running.returncode != 0:  # a fast machine may have finished
        assert running.returncode == 130 and "Traceback" not in err and "interrupted" in err, err
    status, out, _ = command("build", str(notes), "--graph", str(graph), "--jobs", "1", "--json")
    report = json.loads(out)
    assert status == 0 and report["graph"]["nodes"]["Note"] == 600 and report["unchanged"] > 0
