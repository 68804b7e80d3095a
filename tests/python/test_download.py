"""Fetching a large file: whole, resumed, limited, and every way it can go wrong."""

import random
from pathlib import Path

import pytest
from loopback_server import LoopbackServer, Served

from instseg import download as download_module
from instseg.download import download
from instseg.errors import DownloadError

DATA = random.Random(1).randbytes(3_000_000)


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_module, "FIRST_PAUSE_S", 0.001)


def fetch(server: LoopbackServer, folder: Path, **options: object) -> Path:
    target = folder / "model.tar"
    arguments: dict[str, object] = {"max_bytes": 10_000_000, **options}
    download(f"{server.url}/model.tar", target, **arguments)  # type: ignore[arg-type]
    return target


def test_a_file_arrives_whole_and_leaves_nothing_else(
    server: LoopbackServer, tmp_path: Path
) -> None:
    server.files["/model.tar"] = Served(DATA)
    seen: list[tuple[str, float]] = []
    target = fetch(server, tmp_path, progress=lambda *report: seen.append(report))
    assert target.read_bytes() == DATA
    assert list(tmp_path.iterdir()) == [target]
    assert {stage for stage, _ in seen} == {"download"}
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_a_broken_transfer_goes_on_where_it_stopped(server: LoopbackServer, tmp_path: Path) -> None:
    server.files["/model.tar"] = Served(DATA, cuts=[1_000_000, 500_000])
    assert fetch(server, tmp_path).read_bytes() == DATA
    assert [r for _, r in server.requests] == [None, "bytes=1000000-", "bytes=1500000-"]


def test_a_later_call_goes_on_where_an_earlier_one_stopped(
    server: LoopbackServer, tmp_path: Path
) -> None:
    served = server.files["/model.tar"] = Served(DATA, cuts=[1_000_000, 0, 0, 0])
    with pytest.raises(DownloadError, match="broke off after 1000000 of 3000000 bytes"):
        fetch(server, tmp_path)
    assert not (tmp_path / "model.tar").exists()
    served.cuts = []
    server.requests.clear()
    assert fetch(server, tmp_path).read_bytes() == DATA
    assert [r for _, r in server.requests] == ["bytes=1000000-"]


def test_many_breaks_are_no_failure_as_long_as_each_brings_something(
    server: LoopbackServer, tmp_path: Path
) -> None:
    server.files["/model.tar"] = Served(DATA, cuts=[300_000] * 9)
    assert fetch(server, tmp_path).read_bytes() == DATA


def test_a_file_that_changed_in_between_is_fetched_anew(
    server: LoopbackServer, tmp_path: Path
) -> None:
    server.files["/model.tar"] = Served(b"old" * 1000, etag='"old"', cuts=[1000, 0, 0, 0])
    with pytest.raises(DownloadError):
        fetch(server, tmp_path)
    server.files["/model.tar"] = Served(DATA, etag='"new"')
    assert fetch(server, tmp_path).read_bytes() == DATA


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_a_strong_validator_a_broken_transfer_starts_anew(
    server: LoopbackServer, tmp_path: Path, etag: str | None
) -> None:
    server.files["/model.tar"] = Served(DATA, etag=etag, cuts=[1_000_000])
    assert fetch(server, tmp_path).read_bytes() == DATA
    assert [r for _, r in server.requests] == [None, None]


def test_a_server_without_ranges_is_asked_from_the_start(
    server: LoopbackServer, tmp_path: Path
) -> None:
    server.files["/model.tar"] = Served(DATA, ranges=False, cuts=[1_000_000])
    assert fetch(server, tmp_path).read_bytes() == DATA


def test_a_partial_file_longer_than_the_servers_is_dropped(
    server: LoopbackServer, tmp_path: Path
) -> None:
    server.files["/model.tar"] = Served(DATA, cuts=[2_000_000, 0, 0, 0])
    with pytest.raises(DownloadError):
        fetch(server, tmp_path)
    server.files["/model.tar"] = Served(DATA[:1_000_000])  # same validator, shorter: 416
    assert fetch(server, tmp_path).read_bytes() == DATA[:1_000_000]


def test_a_partial_file_of_another_address_is_not_used(
    server: LoopbackServer, tmp_path: Path
) -> None:
    (tmp_path / "model.tar.part").write_bytes(b"x" * 1000)
    (tmp_path / "model.tar.part.json").write_text(
        '{"url": "http://elsewhere/model.tar", "validator": "\\"1\\""}'
    )
    server.files["/model.tar"] = Served(DATA)
    assert fetch(server, tmp_path).read_bytes() == DATA


@pytest.mark.parametrize("note", ["", "[]", "{", '{"url": 1}', "\x00"])
def test_a_damaged_note_beside_a_partial_file_is_ignored(
    server: LoopbackServer, tmp_path: Path, note: str
) -> None:
    (tmp_path / "model.tar.part").write_bytes(b"x" * 1000)
    (tmp_path / "model.tar.part.json").write_text(note)
    server.files["/model.tar"] = Served(DATA)
    assert fetch(server, tmp_path).read_bytes() == DATA


def test_too_large_a_file_is_refused_before_it_is_fetched(
    server: LoopbackServer, tmp_path: Path
) -> None:
    server.files["/model.tar"] = Served(DATA)
    with pytest.raises(DownloadError, match="is 3000000 bytes long; at most 1000000"):
        fetch(server, tmp_path, max_bytes=1_000_000)
    assert not list(tmp_path.iterdir())


def test_more_bytes_than_announced_are_not_stored(server: LoopbackServer, tmp_path: Path) -> None:
    server.files["/model.tar"] = Served(DATA, announced=1000)
    assert fetch(server, tmp_path).read_bytes() == DATA[:1000]


def test_fewer_bytes_than_announced_are_a_broken_transfer(
    server: LoopbackServer, tmp_path: Path
) -> None:
    server.files["/model.tar"] = Served(DATA, announced=len(DATA) + 5, ranges=False)
    with pytest.raises(DownloadError, match="broke off after 3000000 of 3000005 bytes"):
        fetch(server, tmp_path)


@pytest.mark.parametrize(
    ("served", "words"),
    [
        (Served(b""), "is empty"),
        (Served(DATA, announced=-1), "does not say how long"),
        (Served(status=403), "answered 403"),
        (Served(status=404), "answered 404"),
        (Served(status=503), "answered 503"),
        (Served(DATA, cuts=[1000], range_start=5), "another part than asked for"),
        (Served(location="ftp://127.0.0.1/model.tar"), "could not be fetched"),
        (Served(location="file:///etc/hostname"), "could not be fetched"),
    ],
)
def test_a_server_that_cannot_give_the_file(
    server: LoopbackServer, tmp_path: Path, served: Served, words: str
) -> None:
    server.files["/model.tar"] = served
    with pytest.raises(DownloadError, match=words) as caught:
        fetch(server, tmp_path)
    assert f"{server.url}/model.tar" in str(caught.value)
    assert not (tmp_path / "model.tar").exists()


def test_a_redirect_is_followed(server: LoopbackServer, tmp_path: Path) -> None:
    server.files["/model.tar"] = Served(location=f"{server.url}/elsewhere")
    server.files["/elsewhere"] = Served(DATA)
    assert fetch(server, tmp_path).read_bytes() == DATA


def test_nobody_listening_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"http://127\.0\.0\.1:9/x could not be fetched"):
        download("http://127.0.0.1:9/x", tmp_path / "x", max_bytes=10)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/x", "http://", "x y"])
def test_other_addresses_than_http_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(DownloadError, match="not an http or https address"):
        download(url, tmp_path / "x", max_bytes=10)


def test_a_full_disk_is_noticed_before_the_transfer(
    server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr(download_module.shutil, "disk_usage", lambda _: Usage)
    server.files["/model.tar"] = Served(DATA)
    with pytest.raises(DownloadError, match=r"needs 3000000 bytes more, .* has 1000 bytes free"):
        fetch(server, tmp_path)


def test_a_missing_folder_is_a_clear_error(server: LoopbackServer, tmp_path: Path) -> None:
    server.files["/model.tar"] = Served(DATA)
    with pytest.raises(DownloadError, match="could not be stored in"):
        fetch(server, tmp_path / "missing")


def test_a_silent_server_is_given_up(server: LoopbackServer, tmp_path: Path) -> None:
    server.files["/model.tar"] = Served(DATA, pause_s=0.4)
    with pytest.raises(DownloadError, match="timed out"):
        fetch(server, tmp_path, timeout_s=0.05)
