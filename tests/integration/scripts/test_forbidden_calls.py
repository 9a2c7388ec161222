"""``make lint`` rejects calls that run shells, unpickle, evaluate text or disable TLS verification."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support import repository

ROOT = repository.ROOT

CALLS = {
    "S102": "exec(text)",
    "S103": "os.chmod(text, 0o777)",
    "S301": "pickle.loads(text)",
    "S302": "marshal.loads(text)",
    "S306": "tempfile.mktemp()",
    "S307": "eval(text)",
    "S323": "ssl._create_unverified_context()",
    "S502": "ssl.wrap_socket(ssl_version=ssl.PROTOCOL_SSLv3)",
    "S506": "yaml.load(text)",
    "S602": "subprocess.run(text, shell=True)",
    "S604": "run(text, shell=True)",
    "S605": "os.system(text)",
    "S608": "execute(f'SELECT * FROM {text}')",
    "TID251": "asyncio.create_subprocess_shell(text)",
}


@pytest.mark.parametrize(("rule", "call"), CALLS.items(), ids=CALLS.keys())
def test_lint_finds_a_call_that_runs_its_input(rule: str, call: str) -> None:
    modules = "asyncio, marshal, os, pickle, ssl, subprocess, tempfile, yaml"
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--stdin-filename=operator/tidegate/it.py", "-"]
    program = f"import {modules}\n{call}\n"
    ran = subprocess.run(command, input=program, capture_output=True, text=True, check=False, timeout=30, cwd=ROOT)
    assert f"{rule} " in ran.stdout, ran.stdout + ran.stderr
