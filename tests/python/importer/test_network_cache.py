"""The cache of imported networks: once per content, whole, private, and shared by processes."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from tiny_mask_rtdetr import TinyMaskRtdetr

from instseg.errors import ModelError
from instseg.importer import (
    cached_network_folder,
    model_import,
    network_cache,
    source_hash,
    stat_memo,
    verify_network_folder,
)


@pytest.fixture
def official(tmp_path: Path) -> Path:
    return TinyMaskRtdetr().write(tmp_path / "official")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def imports(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders that were imported, in order."""
    original, made = model_import.write_network_folder, list[str]()

    def noted(source: object, *args: object) -> None:
        made.append(source.path.name)  # type: ignore[attr-defined]
        original(source, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(model_import, "write_network_folder", noted)
    return made


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once, so that what was found out about them is remembered."""
    monkeypatch.setattr(stat_memo, "SETTLED_NS", -1)


def entries(cache: Path) -> list[Path]:
    return [path for path in (cache / "networks").iterdir() if path.is_dir()]


def test_imports_once(official: Path, cache: Path, imports: list[str]) -> None:
    first = cached_network_folder(official, cache)
    assert first.parent == cache / "networks"
    assert first.name.startswith(source_hash(official, cache)[:32])
    verify_network_folder(first)
    assert cached_network_folder(official, cache) == first
    assert cached_network_folder(str(official), str(cache)) == first
    assert imports == ["official"]


def test_place_comes_from_the_environment(
    official: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSTSEG_CACHE_DIR", str(cache))
    assert cached_network_folder(official).parent == cache / "networks"


def test_network_folder_is_returned_as_it_is(official: Path, cache: Path, tmp_path: Path) -> None:
    network = model_import.import_model(official, tmp_path / "network")
    assert cached_network_folder(network, cache) == network
    assert not cache.exists()


def test_content_is_the_key(
    official: Path, cache: Path, tmp_path: Path, imports: list[str]
) -> None:
    """The same content elsewhere is found again; other weights are another entry."""
    first = cached_network_folder(official, cache)
    shutil.copytree(official, tmp_path / "copy")
    assert cached_network_folder(tmp_path / "copy", cache) == first
    TinyMaskRtdetr(seed=1).write(tmp_path / "other")
    other = cached_network_folder(tmp_path / "other", cache)
    assert other != first
    assert imports == ["official", "other"]
    assert sorted(entries(cache)) == sorted([first, other])


def test_changed_weights_of_the_same_size_are_noticed(
    official: Path, cache: Path, settled: None, imports: list[str]
) -> None:
    """Also where the modification time is set back to what it was."""
    weights = official / "inference.pdiparams"
    first = cached_network_folder(official, cache)
    before = weights.stat()
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert weights.stat().st_size == before.st_size
    if weights.stat().st_ctime_ns == before.st_ctime_ns:
        pytest.skip("the clock of this file system has not moved on since the file was made")
    second = cached_network_folder(official, cache)
    assert second != first
    content[-1] ^= 1
    weights.write_bytes(content)
    assert cached_network_folder(official, cache) == first
    assert imports == ["official", "official"]


def test_hit_reads_neither_weights_nor_networks(
    official: Path, cache: Path, settled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = cached_network_folder(official, cache)
    cached_network_folder(official, cache)  # verifies, and remembers that

    def refuse(*args: object) -> None:
        raise AssertionError("work where none was needed")

    monkeypatch.setattr(network_cache, "fingerprint", refuse)
    monkeypatch.setattr(network_cache, "verify_network_folder", refuse)
    assert cached_network_folder(official, cache) == first


def cut_short(entry: Path) -> None:
    os.truncate(entry / "network.onnx", 100)


def flip_a_bit(entry: Path) -> None:
    content = bytearray((entry / "network.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (entry / "network.onnx").write_bytes(content)


def remove_the_network(entry: Path) -> None:
    (entry / "network.onnx").unlink()


def remove_the_manifest(entry: Path) -> None:
    (entry / "instseg.json").unlink()


def half_a_manifest(entry: Path) -> None:
    content = (entry / "instseg.json").read_bytes()
    (entry / "instseg.json").write_bytes(content[: len(content) // 2])


def manifest_of_another_model(entry: Path) -> None:
    manifest = json.loads((entry / "instseg.json").read_text())
    manifest["source"]["sha256"] = "0" * 64
    (entry / "instseg.json").write_text(json.dumps(manifest))


def empty(entry: Path) -> None:
    shutil.rmtree(entry)
    entry.mkdir()


def a_file(entry: Path) -> None:
    shutil.rmtree(entry)
    entry.write_text("no folder")


def a_dangling_link(entry: Path) -> None:
    shutil.rmtree(entry)
    entry.symlink_to("nowhere")


@pytest.mark.parametrize(
    "damage",
    [
        cut_short,
        flip_a_bit,
        remove_the_network,
        remove_the_manifest,
        half_a_manifest,
        manifest_of_another_model,
        empty,
        a_file,
        a_dangling_link,
    ],
)
def test_damaged_entry_is_made_again(
    damage: object, official: Path, cache: Path, settled: None, imports: list[str]
) -> None:
    """Also where the entry has been verified, and remembered, before."""
    first = cached_network_folder(official, cache)
    cached_network_folder(official, cache)
    damage(first)  # type: ignore[operator]
    assert cached_network_folder(official, cache) == first
    verify_network_folder(first)
    assert imports == ["official", "official"]
    assert entries(cache) == [first]


def test_half_written_entry_of_a_killed_import_is_cleaned_up(official: Path, cache: Path) -> None:
    code = """
        import os, signal, sys
        from instseg.importer import cached_network_folder
        def die(stage, fraction):
            if stage == "write":
                os.kill(os.getpid(), signal.SIGKILL)
        cached_network_folder(*sys.argv[1:], progress=die)
    """
    killed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(official), str(cache)]
    )
    assert killed.returncode == -9
    [leftover] = entries(cache)
    assert ".importing-" in leftover.name
    entry = cached_network_folder(official, cache)
    verify_network_folder(entry)
    assert entries(cache) == [entry]


def test_processes_share_one_import(official: Path, cache: Path, tmp_path: Path) -> None:
    """Both start when a file appears; the one that is slower at the lock waits and finds it."""
    code = """
        import sys, time
        from pathlib import Path
        from instseg.importer import cached_network_folder, model_import
        source, cache, go = sys.argv[1:]
        original = model_import.write_network_folder
        def slow(*args):
            print("imports", flush=True)
            time.sleep(1)
            original(*args)
        model_import.write_network_folder = slow
        print("ready", flush=True)
        while not Path(go).exists():
            time.sleep(0.01)
        print(cached_network_folder(source, cache))
    """
    go = tmp_path / "go"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), str(official), str(cache), str(go)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    go.touch()
    outputs = [process.communicate(timeout=120)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sum("imports" in words for words in outputs) == 1
    [entry] = {words[-1] for words in outputs}
    verify_network_folder(entry)


def test_only_this_user_may_read_the_cache(official: Path, cache: Path) -> None:
    cached_network_folder(official, cache)
    for folder in (cache, cache / "networks"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    [lock] = (cache / "networks").glob("*.lock")
    assert stat.S_IMODE(lock.stat().st_mode) == 0o600


def test_cache_that_is_a_file(official: Path, cache: Path) -> None:
    cache.touch()
    with pytest.raises(
        ModelError, match=r"cannot be used: .*cache_dir= or the variable INSTSEG_CA"
    ):
        cached_network_folder(official, cache)
    cache.unlink()
    cache.mkdir()
    (cache / "networks").touch()
    with pytest.raises(ModelError, match="cannot be used"):
        cached_network_folder(official, cache)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_cache_that_may_not_be_written(official: Path, cache: Path) -> None:
    (cache / "networks").mkdir(parents=True)
    (cache / "networks").chmod(0o500)
    with pytest.raises(ModelError, match="cannot be used"):
        cached_network_folder(official, cache)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), NotImplementedError()])
def test_cache_that_fails_later(
    error: Exception, official: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, and a file system without locks."""

    def fail(*args: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(network_cache, "FileLock", fail)
    with pytest.raises(ModelError, match=r"cannot be used: .*cache_dir="):
        cached_network_folder(official, cache)


def test_failed_import_leaves_no_entry(official: Path, cache: Path) -> None:
    (official / "inference.yml").write_text("arch: DETR\n")
    with pytest.raises(ModelError, match="'arch' or 'Preprocess' is missing"):
        cached_network_folder(official, cache)
    assert entries(cache) == []


def test_source_that_changes_after_its_hash_was_taken(
    official: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is stored under a hash is what the hash was taken of."""
    original = network_cache.fingerprint

    def taken_too_early(*args: object) -> object:
        found = original(*args)  # type: ignore[arg-type]
        TinyMaskRtdetr(seed=1).write(official)
        return found

    monkeypatch.setattr(network_cache, "fingerprint", taken_too_early)
    with pytest.raises(ModelError, match="changed while it was read; try again"):
        cached_network_folder(official, cache)
    assert entries(cache) == []


def test_no_model_folder_makes_no_cache(cache: Path, tmp_path: Path) -> None:
    for folder in (tmp_path / "missing", tmp_path, tmp_path / ("n" * 5000)):
        with pytest.raises(ModelError):
            cached_network_folder(folder, cache)
    assert not cache.exists()
