"""The shape of the source tree: each module has its tests, files stay small, and importing does nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("ingestor", "sensors")
ACROSS = {"browser", "contract", "resilience", "servers", "bench"}
"""Folders of `tests` that are about many modules at once."""
ABOUT_THE_PROJECT = {"test_docs.py", "test_tree.py", "test_support.py"}
MAX_LINES = 400
UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E|X[X]X|NotImplemente[d]Error)\b")

IMPORT_EACH = """
import asyncio, importlib, logging, os, signal, sys, threading
import pyarrow  # numpy comes with it, and sets a variable for itself

done = []

def watch(event, args):
    if event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        done.append(f"opens {args[0]} for writing")
    if event in {"socket.connect", "socket.bind", "subprocess.Popen", "os.putenv", "_thread.start_new_thread"}:
        done.append(event)

def state():
    return {
        "threads": threading.active_count(),
        "log handlers": len(logging.getLogger().handlers),
        "interrupt handler": signal.getsignal(signal.SIGINT),
        "loop policy": asyncio.events._event_loop_policy,
    }

sys.dont_write_bytecode = True
before = state()
sys.addaudithook(watch)
for name in sys.argv[1:]:
    importlib.import_module(name)
    done += [f"changes the {what}" for what, value in state().items() if value != before[what]]
    own = [key for key, log in logging.Logger.manager.loggerDict.items()
           if key.split(".")[0] in {"ingestor", "sensors"} and getattr(log, "handlers", None)]
    done += [f"gives the logger {key} a handler" for key in own]
    if done:
        sys.exit(f"importing {name}: " + ", ".join(done))
"""


def modules() -> list[Path]:
    """The source files with code of their own, relative to the root."""
    files = [path.relative_to(ROOT) for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return [path for path in files if path.name not in {"__init__.py", "__main__.py"}]


def all_sources() -> list[Path]:
    """Every Python file of the project, relative to the root."""
    folders = (*PACKAGES, "tests", "bench")
    return [path.relative_to(ROOT) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def mirrored(module: Path) -> Path:
    """Where the tests of a module are: `ingestor/a/b.py` has `tests/a/test_b.py`; sensors keep their folder."""
    inside = module.parent.relative_to("ingestor") if module.parts[0] == "ingestor" else module.parent
    return Path("tests") / inside / f"test_{module.name}"


def belongs(test: Path, *, to: Path) -> bool:
    """Whether a test file is the one of a module, or one of several that its tests are split into."""
    return test.parent == to.parent and (test.stem == to.stem or test.stem.startswith(f"{to.stem}_"))


def test_every_module_has_its_tests() -> None:
    """Each module with code has a test file at the mirrored place."""
    missing = [f"{module}: {mirrored(module)}" for module in modules() if not (ROOT / mirrored(module)).exists()]

    assert missing == []


def test_every_test_file_has_its_module() -> None:
    """A test file outlives its module neither by renaming nor by moving; `test_loop_stop.py` is for `loop.py` too."""
    expected = [mirrored(module) for module in modules()]
    found = [path.relative_to(ROOT) for path in sorted((ROOT / "tests").rglob("test_*.py"))]
    own = [path for path in found if path.parts[1] not in ACROSS and path.name not in ABOUT_THE_PROJECT]

    assert [str(path) for path in own if not any(belongs(path, to=home) for home in expected)] == []


def test_packages_only_re_export() -> None:
    """An `__init__.py` is empty or a few lines; code is in a file with a name."""
    long = [
        str(path)
        for path in all_sources()
        if path.name == "__init__.py" and len((ROOT / path).read_text().splitlines()) > 60
    ]

    assert long == []


@pytest.mark.parametrize("path", all_sources(), ids=str)
def test_files_are_small_and_finished(path: Path) -> None:
    """No file is longer than one can keep in mind, and none says that something is left to do."""
    text = (ROOT / path).read_text(encoding="utf-8")
    lines = text.count("\n")

    assert lines <= MAX_LINES
    assert UNFINISHED.findall(text) == []


def test_importing_does_nothing() -> None:
    """No module starts a thread, opens or changes anything of the process when it is imported."""
    names = [".".join(path.with_suffix("").parts) for path in modules()]
    command = [sys.executable, "-W", "error", "-c", IMPORT_EACH, *names]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert result.stderr == ""
    assert result.returncode == 0
