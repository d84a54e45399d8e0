"""What the source holds none of: shells, built statements, weak ciphers, callers of other hosts.

Each is looked for in every module. Who may do it all the same is named here, with the reason.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from . import test_walls
from .test_walls import ROOT, allowed, calls, imports

FRONTEND = ROOT.parent / "frontend/src"
# Statements put together from names of our own: no word of them comes with a request.
BUILT = {
    "db.py": "how a transaction begins",
    "wall.py": "names of tables and policies",
    "sync/transactions.py": "a bound on waiting",
    "sync/erasure.py": "the name of the table of keys",
    "subjects/rotation.py": "names of tables",
    "backup/": "names of schemas and databases, by the operator",
    "migrations/": "names of tables",
}
CHANCE = {
    "demo/": "a made-up district, the same for the same seed",
    "forms/": "what ODK shuffles, by the seed it names",
}
CALLERS = {"urllib", "http", "socket", "smtplib", "imaplib", "ftplib", "xmlrpc", "requests",
           "httpx", "aiohttp", "urllib3"}  # fmt: skip
CRYPTO = {
    "AESGCM", "HKDF", "PBKDF2HMAC", "SHA256", "hashes", "ec", "encode_dss_signature",
    "Ed25519PrivateKey", "Ed25519PublicKey", "Encoding", "PublicFormat",
    "Cipher", "algorithms", "modes",  # of pieces of attachments, see below
}  # fmt: skip
WEAK = re.compile(r"\b(md5|sha1|MD5|SHA1|ECB|CBC|OFB|CFB|DES|ARC4|Blowfish|PKCS1v15|RSA)\b")


# One's own may be looked at by whoever typed it, if they ask for that.
HIDDEN = r"""type="password"|:type="visible \? 'text' : 'password'\""""


@cache
def modules() -> tuple[tuple[str, ast.Module], ...]:
    """Every module of the product."""
    return tuple(test_walls.modules())


def named(tree: ast.Module) -> Iterator[str]:
    """The first word of what a module imports."""
    for name in imports(tree, "fieldapp"):
        yield name.split(".")[0]


def test_programs_are_started_by_lists_and_never_by_a_shell() -> None:
    shells = {("os", "system"), ("os", "popen"), ("subprocess", "getoutput")}
    for name, tree in modules():
        assert not set(calls(tree)) & shells, name
        told = [node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword)]
        assert "shell" not in told, name


def test_statements_are_no_texts_that_were_put_together() -> None:
    found = [
        f"{name}: {ast.unparse(node)}"
        for name, tree in modules()
        if not allowed(name, BUILT)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (getattr(node.func, "attr", "") or getattr(node.func, "id", ""))
        in ("text", "exec_driver_sql", "literal_column")
        and node.args
        and isinstance(node.args[0], ast.JoinedStr | ast.BinOp)
    ]
    assert found == []


def test_no_text_becomes_code() -> None:
    running = {"eval", "exec", "__import__", "render_template_string", "from_string"}
    found = [
        f"{name}: {call}"
        for name, tree in modules()
        for on, call in calls(tree)
        if call in running and on in ("", "builtins", "jinja2", "env", "environment", "current_app")
    ]
    assert found == []


def test_nothing_is_unpickled_but_what_the_server_gave_a_process_of_its_own() -> None:
    forbidden = {"pickle", "marshal", "shelve", "yaml", "dill", "joblib"}
    found = {name: set(named(tree)) & forbidden for name, tree in modules()}
    assert {name: one for name, one in found.items() if one} == {"forms/press.py": {"pickle"}}
    press = (ROOT / "forms/press.py").read_text("utf-8")
    assert press.count("pickle.loads(") == press.count("pickle.loads(sys.stdin.buffer.read())") == 1
    assert "answer = json.loads(output)" in press, "what comes back is no pickle"


def test_whoever_reads_a_strangers_file_is_given_no_secret() -> None:
    press = (ROOT / "forms/press.py").read_text("utf-8")
    assert 'env={"PATH": os.defpath, "PYTHONPATH": str(PACKAGE), "PYTHONUTF8": "1"}' in press


def test_the_server_calls_no_other_host() -> None:
    found = {name: set(named(tree)) & CALLERS for name, tree in modules()}
    assert {name: one for name, one in found.items() if one} == {}


def test_nobody_is_sent_elsewhere() -> None:
    found = [name for name, tree in modules() for _, call in calls(tree) if call == "redirect"]
    assert found == []


def test_what_nobody_may_guess_comes_from_the_system() -> None:
    """`random` is for what need not be secret; on the phone `Math.random` only spreads waits."""
    found = [
        name
        for name, tree in modules()
        if not allowed(name, CHANCE) and {"random", "numpy"} & set(named(tree))
    ]
    assert found == []
    drawn = {path.name for path, text in scripts() if "Math.random" in text}
    assert drawn == {"browser.ts", "world.ts"}, "waits between tries, and ODK's random()"


def test_ciphers_and_hashes_are_those_of_the_list() -> None:
    for name, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and "cryptography.hazmat" in (node.module or ""):
                assert {one.name for one in node.names} <= CRYPTO, name
        text = (ROOT / name).read_text("utf-8")
        weak = set(WEAK.findall(text))
        assert not weak or name in ("forms/functions.py", "forms/chance.py"), (name, weak)
        if "modes." in text:
            assert re.findall(r"modes\.(\w+)", text) == ["CTR"], name
            assert name == "devices/sealing.py", "pieces of attachments, whose SHA-256 is checked"
    assert "usedforsecurity=False" in (ROOT / "forms/functions.py").read_text("utf-8")
    for path, text in scripts():
        assert set(re.findall(r"'AES-(\w+)'", text)) <= {"GCM", "CTR"}, path.name
        weak = re.search(r"'SHA-1'|'AES-CBC'|'RSA", text)
        assert not weak or path.name == "digest.ts", "ODK's digest(), of answers"


def test_logs_go_to_the_standard_error_and_the_database() -> None:
    found = [
        f"{name}: {call}"
        for name, tree in modules()
        for _, call in calls(tree)
        if call.endswith("Handler") or call in ("basicConfig", "dictConfig", "fileConfig")
    ]
    assert found == []


def test_ones_own_password_is_never_shown_nor_kept_from_being_pasted() -> None:
    """The one field that shows one is the administrator's, who reads it out to somebody else."""
    fields = [
        (path.name, field)
        for path, text in scripts()
        for field in re.findall(r"<input[^>]*>", text)
        if re.search(r'v-model="(draft\.)?(password|old|fresh|again)"|name="password"', field)
    ]
    assert len(fields) >= 6
    shown = {name for name, field in fields if not re.search(HIDDEN, field)}
    assert shown == {"UserDialog.vue"}
    for name, field in fields:
        assert name == "UserDialog.vue" or 'autocomplete="' in field, name
        assert 'autocomplete="off"' not in field or name == "UserDialog.vue", name
    assert [p.name for p, text in scripts() if re.search(r"@paste|onpaste", text)] == []


def scripts() -> Iterator[tuple[Path, str]]:
    """Every module and screen of the app, without tests."""
    for path in sorted(FRONTEND.rglob("*")):
        if path.suffix in (".ts", ".vue") and not path.name.endswith((".test.ts", ".d.ts")):
            yield path, path.read_text("utf-8")
