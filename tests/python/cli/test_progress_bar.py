"""Progress is shown to a person at a terminal and to nobody else."""

import io

import pytest

from instseg.cli.progress_bar import item_bar, stage_bar


class Terminal(io.StringIO):
    def __init__(self, interactive: bool) -> None:
        super().__init__()
        self._interactive = interactive

    def isatty(self) -> bool:
        return self._interactive


def shown(monkeypatch: pytest.MonkeyPatch, interactive: bool, images: int = 3) -> str:
    stderr = Terminal(interactive)
    monkeypatch.setattr("sys.stderr", stderr)
    with item_bar(images) as bar:
        for _ in range(images):
            bar.clear()
            bar.update()
    with stage_bar() as progress:
        for fraction in (0.0, 0.5, 0.4, 1.0, 2.0):
            progress("fetch", fraction)
        progress("import", 0.25)
    return stderr.getvalue()


def test_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, interactive=True)
    assert "3/3" in text
    assert "fetch" in text
    assert "import" in text


def test_in_a_pipe_or_log_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, interactive=False) == ""


def test_a_single_image_has_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "1/1" not in shown(monkeypatch, interactive=True, images=1)
