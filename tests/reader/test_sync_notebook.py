"""The notebook in the documentation runs, where a loop runs already."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from ingestor import Writer
from sensors.climate import Climate
from tests.support import ROOT

NOTEBOOK = ROOT / "docs/examples/read-and-plot.ipynb"
CELL_SECS = 50


def test_outputs_are_stripped() -> None:
    """What is in the repository is what somebody wrote."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call] # it has no types

    assert [cell.outputs for cell in notebook.cells if cell.cell_type == "code" and cell.outputs] == []
    assert NOTEBOOK.stat().st_size < 10_000


@pytest.mark.long
@pytest.mark.filterwarnings("default")  # those of the kernel's own libraries are not ours
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a store with a day of readings to a picture."""
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    (tmp_path / "config.yaml").write_text("data_dir: data\ntimezone: Asia/Singapore\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    now = datetime.now(UTC)
    with Writer.from_config("config.yaml").sync() as writer:
        for hours in range(24):
            racks = [Climate(rack=f"rack{number}", temperature=20.0 + number + hours % 6) for number in (1, 2)]
            writer.write(racks, bucket="Farm", time=now - timedelta(hours=hours))

    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(
        notebook, timeout=CELL_SECS, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()

    assert (tmp_path / "temperature.png").read_bytes().startswith(b"\x89PNG")
    assert "rack2" in str(notebook.cells[3].outputs)
