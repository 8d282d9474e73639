"""Product and recipe files that nobody can read: one sentence, exit code 2, nothing made, whatever the command."""

import signal
import subprocess
import sys

import pytest

from custom_support import right, toml
from eo_ingest.cli import main
from process_support import one_sentence

RIGHT = toml(right()).encode()
CORPUS = {
    "empty": b"",
    "words": b"Dear Sir or Madam,",
    "yaml": b"name: red\nvariables:\n  - name: red\n",
    "json": b'{"name": "red", "variables": []}',
    "binary": bytes(range(256)),
    "utf-16": RIGHT.decode().encode("utf-16"),
    "latin-1": RIGHT.replace(b"Red, seasonal", b"Caf\xe9 seasonal"),
    "nul": RIGHT + b"\0",
    "half": RIGHT[: len(RIGHT) // 2],
    "twice": RIGHT + RIGHT,
    "no name": RIGHT.replace(b'"name"', b'"nome"', 1),
    "a list": b"[[name]]\n",
    "a number": RIGHT.replace(b'"user-red"', b"12"),
    "a date": RIGHT.replace(b'"user-red"', b"2020-07-01"),
    "infinite": RIGHT.replace(b"0.0001", b"inf"),
    "not a number": RIGHT.replace(b"0.0001", b"nan"),
    "huge": RIGHT.replace(b"65535", b"9" * 4000),
    "deep": b"a = " + b"[" * 5000 + b"]" * 5000,
    "dots": b".".join([b"a"] * 1000) + b" = 1\n",
    "code": RIGHT.replace(b'"median"', b"\"__import__('os').system('touch ran')\""),
    "control": RIGHT.replace(b'"user-red"', b'"\\u001b[2Jred"'),
}


@pytest.fixture
def say(monkeypatch, capsys, tmp_path):
    """Run the command line in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("eo_ingest.cli._leave", sys.exit)
    handler = signal.getsignal(signal.SIGTERM)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["eo-ingest", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return subprocess.CompletedProcess(arguments, ended.value.code, *capsys.readouterr())

    yield run
    signal.signal(signal.SIGTERM, handler)


def commands(path):
    where = ("--aoi", "demo")
    run = (*where, "--store", "s.zarr", "--source", "emulator")
    yield "plan", *where, "--products", path
    yield "tile", *run, "--products", path
    yield "plan", *where, "--recipe", path
    yield "tile", *run, "--recipe", path
    yield "product", "show", path
    yield "product", "check", path, "--source", "emulator"
    yield "recipe", "show", path


@pytest.mark.parametrize("kind", CORPUS)
def test_files_that_nobody_can_read(say, tmp_path, kind):
    (tmp_path / "user.toml").write_bytes(CORPUS[kind])
    for arguments in commands("user.toml"):
        told = one_sentence(say(*arguments), 2)
        assert "user.toml" in told
        assert told.isprintable()
    assert [path.name for path in tmp_path.iterdir()] == ["user.toml"]


@pytest.mark.parametrize("path", ["none.toml", "folder.toml", "/dev/null/user.toml", "a\nb.toml", "x" * 300 + ".toml"])
def test_files_that_are_not_there(say, tmp_path, path):
    (tmp_path / "folder.toml").mkdir()
    for arguments in commands(path):
        told = one_sentence(say(*arguments), 2)
        assert "there is no" in told or "cannot read the" in told


def test_a_program_is_refused_by_every_command_before_it_is_read(say, tmp_path):
    (tmp_path / "user.py").write_text("open('ran', 'w')\n")
    (tmp_path / "mine.toml").write_text('title = "t"\ndescription = "d"\nproducts = [{file = "user.py"}]\n')
    for arguments in commands("user.py"):
        if "--recipe" not in arguments and "recipe" not in arguments:
            assert "add --trust-code to run it" in one_sentence(say(*arguments), 2)
    assert "--trust-code" in one_sentence(say("plan", "--aoi", "demo", "--recipe", "mine.toml"), 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.toml", "user.py"]


def test_a_product_file_can_be_shown(say, tmp_path):
    (tmp_path / "user.toml").write_bytes(RIGHT)
    result = say("product", "show", "user.toml")
    assert result.returncode == 0
    assert "user-red" in result.stdout
    assert "COPERNICUS/S2_SR_HARMONIZED" in result.stdout
