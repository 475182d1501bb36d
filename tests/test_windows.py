"""What must hold on Windows: no fork, no POSIX-only call, paths with spaces and other alphabets, CRLF, encodings named."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "sendwaits").rglob("*.py"))
POSIX_MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "posix", "syslog"}
POSIX_CALLS = {
    "fork",
    "forkpty",
    "getuid",
    "geteuid",
    "getgid",
    "setsid",
    "killpg",
    "getpgid",
    "mkfifo",
    "statvfs",
    "waitpid",
    "wait3",
    "wait4",
    "nice",
    "sched_getaffinity",
    "fchmod",
    "fchown",
    "chown",
    "uname",
    "getloadavg",
}
GUARD = re.compile(r"ImportError|hasattr\(os|sys\.platform|os\.name")


def _tree(path: Path) -> ast.Module:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            child.parent = node  # type: ignore[attr-defined]
    return tree


def _guarded(node: ast.AST, text: str) -> bool:
    """Inside a try that survives ImportError, or in a function or branch that asks for the system first."""
    while (node := getattr(node, "parent", None)) is not None:  # type: ignore[assignment]
        if isinstance(node, (ast.Try, ast.If, ast.IfExp, ast.FunctionDef)) and GUARD.search(
            ast.get_source_segment(text, node) or ""
        ):
            return True
    return False


def unguarded(path: Path) -> list[str]:
    """POSIX-only imports and calls of a file that nothing guards."""
    text, found = path.read_text(encoding="utf-8"), []
    for node in ast.walk(_tree(path)):
        names: set[str] = set()
        if isinstance(node, ast.Import):
            names = {a.name.partition(".")[0] for a in node.names} & POSIX_MODULES
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = {(node.module or "").partition(".")[0]} & POSIX_MODULES
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "os"
        ):
            names = {node.attr} & POSIX_CALLS
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "signal"
        ):
            names = {node.attr} & {"SIGKILL", "SIGHUP", "SIGUSR1", "SIGALRM", "alarm", "setitimer"}
        if names and not _guarded(node, text):
            found.append(f"{path.name}:{node.lineno}: {', '.join(names)}")  # type: ignore[attr-defined]
    return found


def without_encoding(path: Path) -> list[str]:
    """Text files opened without a named encoding, or written so that the system chooses the line ends."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = (
            node.func.attr
            if isinstance(node.func, ast.Attribute)
            else node.func.id
            if isinstance(node.func, ast.Name)
            else ""
        )
        of = (
            node.func.value.id
            if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
            else ""
        )
        given = {k.arg for k in node.keywords}
        texts = [
            a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)
        ]
        modes = [t for t in texts if re.fullmatch(r"[rwxa]b?\+?t?b?", t)] + [
            k.value.value
            for k in node.keywords
            if k.arg == "mode" and isinstance(k.value, ast.Constant)
        ]
        if name in ("read_text", "write_text") and "encoding" not in given:
            found.append(f"{path.name}:{node.lineno}: {name}")
        elif name == "write_text" and "newline" not in given:
            found.append(f"{path.name}:{node.lineno}: write_text without newline")
        elif (
            (name == "fdopen" or name == "open" and of != "os")
            and "encoding" not in given
            and not any("b" in m for m in modes)
            and (modes or isinstance(node.func, ast.Name) or not node.args)
        ):
            found.append(f"{path.name}:{node.lineno}: {name}")
    return found


@pytest.mark.parametrize(
    "path", SOURCES, ids=lambda p: p.relative_to(ROOT / "sendwaits").as_posix()
)
def test_no_posix_only_call_is_unguarded_and_every_text_file_names_its_encoding(path):
    assert unguarded(path) == [] and without_encoding(path) == []


def test_the_two_searches_find_what_they_look_for(tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text(
        "import fcntl\nimport os\nos.fork()\nopen('x', 'w')\nopen('x')\np.read_text()\np.write_text('a', encoding='utf-8')\n",
        encoding="utf-8",
    )
    assert unguarded(bad) == ["bad.py:1: fcntl", "bad.py:3: fork"]
    assert [line.partition(": ")[2] for line in without_encoding(bad)] == [
        "open",
        "open",
        "read_text",
        "write_text without newline",
    ]
    good = tmp_path / "good.py"
    good.write_text(
        "import os\ntry:\n    import resource\nexcept ImportError:\n    resource = None\nif hasattr(os, 'fork'):\n    os.fork()\nopen('x', 'wb')\n"
        "open('x', encoding='utf-8', newline='')\n",
        encoding="utf-8",
    )
    assert unguarded(good) == [] and without_encoding(good) == []


def test_no_file_of_the_repository_has_a_name_that_windows_refuses():
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode:
        pytest.skip("this copy is not a git checkout")
    names = [n for n in done.stdout.split("\0") if n]
    reserved = re.compile(r"(^|/)(con|prn|aux|nul|com\d|lpt\d)(\.|/|$)", re.IGNORECASE)
    assert not [
        n
        for n in names
        if re.search(r'[<>:"\\|?*]', n) or reserved.search(n) or n.endswith((".", " "))
    ]
    assert len({n.casefold() for n in names}) == len(names), (
        "two names that differ in case only are one file there"
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A workspace under a path with spaces and other alphabets; its extract has CRLF line ends."""
    folder = tmp_path_factory.mktemp("Ærø") / "waiting lists Żółw 待"
    (folder / "data" / "raw").mkdir(parents=True)
    (folder / "sendwaits.toml").write_bytes(
        '\ufeff[area]\r\nname = "Blåbærshire"\r\ndistricts = ["Nørth", "South"]\r\n'.encode()
    )
    rows = ["child_id,referral_id,referral_date,first_contact_date,closed_date,district"]
    rows += [
        f"C{n},R{n},2024-{1 + n % 6:02d}-{1 + n % 27:02d},{'2024-07-%02d' % (1 + n % 30) if n % 3 else ''},,{'Nørth' if n % 2 else 'South'}"
        for n in range(60)
    ]
    (folder / "data" / "raw" / "SLCN_2024-07-31.csv").write_bytes(
        ("\r\n".join(rows) + "\r\n").encode("utf-8-sig")
    )
    return folder


def _sendwaits(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    """A command as a Windows desk has it: no fork, a terminal of another code page, no POSIX locale."""
    environment = {k: v for k, v in os.environ.items() if k not in ("LC_ALL", "LANG", "PYTHONUTF8")}
    environment |= {
        "SENDWAITS_ENGINE": "pool",
        "PYTHONIOENCODING": "cp1252:backslashreplace",
        "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0",
    }
    return subprocess.run(
        [sys.executable, "-m", "sendwaits.run.cli", *map(str, words)],
        cwd=cwd,
        env=environment,
        capture_output=True,
    )


def test_check_and_figures_read_crlf_under_a_path_of_other_alphabets(home):
    done = _sendwaits("check", home, cwd=home.parent)
    assert done.returncode == 0, done.stderr
    manifest = json.loads(
        (home / "data" / "processed" / "manifest.json").read_text(encoding="utf-8")
    )
    assert {
        k: manifest["files"]["SLCN_2024-07-31.csv"][k]
        for k in ("read", "clean", "quarantined", "merged")
    } == {"read": 60, "clean": 60, "quarantined": 0, "merged": 0}
    done = _sendwaits(
        "figures", home, "--as-at", "2024-07-31", "--months", "1", "--group", "district", cwd=home
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode("utf-8").split("\n")
    # 60 referrals, every third open: 20 wait; of those, n = 0, 6, 12 ... are of South
    assert "SLCN,contact,waiting,,,2024-07-31,20,count,,,20" in lines
    assert "SLCN,contact,waiting,district=Nørth,,2024-07-31,10,count,,,10" in lines
    assert b"\r" not in done.stdout


def test_reports_are_made_without_fork_under_a_path_of_other_alphabets(home):
    done = _sendwaits(
        "report",
        home,
        "--as-at",
        "2024-07-31",
        "--report",
        "backlog",
        "--profile",
        "analyst",
        "--workers",
        "1",
        cwd=home.parent,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    made = home / "reports" / "2024-07-31"
    page = (made / "slcn_backlog.html").read_text(encoding="utf-8")
    assert "Blåbærshire" in page and str(home) not in page
    assert b"\r\n" not in (made / "figures.csv").read_bytes()


def test_the_same_extract_gives_the_same_bytes_with_either_line_end(home, tmp_path):
    other = tmp_path / "lf"
    (other / "data" / "raw").mkdir(parents=True)
    (other / "sendwaits.toml").write_bytes((home / "sendwaits.toml").read_bytes())
    text = (home / "data" / "raw" / "SLCN_2024-07-31.csv").read_bytes().replace(b"\r\n", b"\n")
    (other / "data" / "raw" / "SLCN_2024-07-31.csv").write_bytes(text)
    one, two = (
        _sendwaits("figures", folder, "--as-at", "2024-07-31", cwd=tmp_path)
        for folder in (home, other)
    )
    assert one.returncode == two.returncode == 0 and one.stdout == two.stdout
