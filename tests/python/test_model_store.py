"""From a name or path to a folder: lookup order, fetching, messages, two processes at once."""

import io
import multiprocessing
import tarfile
from pathlib import Path

import pytest
from loopback_server import LoopbackServer, Served

from instseg.errors import DownloadError, ModelError
from instseg.model_names import OFFICIAL_MODELS
from instseg.model_store import is_model_folder, locate_model, model_url

NAME = "Mask-RT-DETR-S"


def archive(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def official_archive() -> bytes:
    return archive(
        {
            f"{NAME}_infer/inference.yml": b"mode: paddle\n",
            f"{NAME}_infer/inference.json": b"{}",
            f"{NAME}_infer/inference.pdiparams": b"weights" * 1000,
        }
    )


def model_folder(path: Path, marker: str = "inference.yml") -> Path:
    path.mkdir(parents=True)
    (path / marker).write_text("")
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("instseg.download.FIRST_PAUSE_S", 0.001)


@pytest.fixture
def store(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> LoopbackServer:
    """A server with the official archive."""
    monkeypatch.setenv("INSTSEG_MODEL_URL", f"{server.url}/base/")
    server.files[f"/base/{NAME}_infer.tar"] = Served(official_archive())
    return server


def test_there_are_fifteen_names() -> None:
    assert len(set(OFFICIAL_MODELS)) == 15


def test_the_official_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INSTSEG_MODEL_URL")
    assert model_url("SOLOv2") == (
        "https://paddle-model-ecology.bj.bcebos.com/paddlex/official_inference_model/paddle3.0.0/"
        "SOLOv2_infer.tar"
    )


@pytest.mark.parametrize("marker", ["inference.yml", "infer_cfg.yml", "instseg.json"])
def test_a_folder_is_taken_as_it_is(tmp_path: Path, marker: str) -> None:
    folder = model_folder(tmp_path / "anything", marker)
    assert locate_model(folder) == folder
    assert locate_model(str(folder)) == folder


@pytest.mark.parametrize("folder_name", [NAME, f"{NAME}_infer"])
def test_a_name_is_first_looked_up_in_the_model_dir(
    store: LoopbackServer,
    tmp_path: Path,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    folder_name: str,
) -> None:
    here = model_folder(tmp_path / "models" / folder_name)
    model_folder(cache / "official" / NAME)
    monkeypatch.setenv("INSTSEG_MODEL_DIR", str(tmp_path / "models"))
    assert locate_model(NAME, cache) == here
    assert store.requests == []


def test_then_in_the_cache(store: LoopbackServer, cache: Path) -> None:
    cached = model_folder(cache / "official" / NAME)
    assert locate_model(NAME, cache) == cached
    assert store.requests == []


def test_then_it_is_fetched_once(store: LoopbackServer, cache: Path) -> None:
    seen: list[str] = []
    folder = locate_model(NAME, cache, lambda stage, fraction: seen.append(stage))
    assert is_model_folder(folder)
    assert (folder / "inference.pdiparams").read_bytes() == b"weights" * 1000
    assert seen
    assert locate_model(NAME, cache) == folder
    assert len(store.requests) == 1
    left = {p.name for p in (cache / "official").iterdir()}
    assert left <= {NAME, f"{NAME}.lock"}


def test_the_cache_is_private(store: LoopbackServer, cache: Path) -> None:
    locate_model(NAME, cache)
    assert cache.stat().st_mode & 0o077 == 0
    assert (cache / "official").stat().st_mode & 0o077 == 0


def test_an_interrupted_transfer_goes_on_in_the_next_call(
    store: LoopbackServer, cache: Path
) -> None:
    served = store.files[f"/base/{NAME}_infer.tar"]
    served.cuts = [4000, 0, 0, 0]
    with pytest.raises(DownloadError):
        locate_model(NAME, cache)
    assert is_model_folder(locate_model(NAME, cache))
    assert store.requests[-1][1] == "bytes=4000-"


def test_offline_the_message_names_the_address_and_the_folder(cache: Path) -> None:
    with pytest.raises(DownloadError) as caught:
        locate_model(NAME, cache)
    message = str(caught.value)
    assert f"http://127.0.0.1:9/closed/{NAME}_infer.tar" in message
    assert str(cache / "official" / NAME) in message
    assert "INSTSEG_MODEL_DIR" in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no tar at all", "no tar archive"),
        (archive({"../inference.yml": b""}), "leads elsewhere"),
        (archive({"readme.txt": b""}), "0 files named inference.yml"),
        (archive({"a/inference.yml": b"", "b/inference.yml": b""}), "2 files named inference.yml"),
        (official_archive()[:3000], "no tar archive or is damaged"),
    ],
)
def test_a_wrong_archive_leaves_no_model_and_is_fetched_again(
    store: LoopbackServer, cache: Path, content: bytes, words: str
) -> None:
    path = f"/base/{NAME}_infer.tar"
    store.files[path] = Served(content)
    with pytest.raises(DownloadError, match=words):
        locate_model(NAME, cache)
    assert [p.name for p in (cache / "official").iterdir() if p.is_dir()] == []
    store.files[path] = Served(official_archive())
    assert is_model_folder(locate_model(NAME, cache))


def test_an_empty_folder_of_the_models_name_is_pointed_out(
    store: LoopbackServer, cache: Path
) -> None:
    (cache / "official" / NAME).mkdir(parents=True)
    with pytest.raises(ModelError, match="holds no model"):
        locate_model(NAME, cache)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("Mask-RT-DETR-XL", "Did you mean 'Mask-RT-DETR-X'"),
        ("mask-rt-detr-l", "Did you mean 'Mask-RT-DETR-L'"),
        ("no/such/folder", "neither a folder nor one of the official names"),
        ("", "name is empty"),
    ],
)
def test_an_unknown_name(
    model: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=words):
        locate_model(model)


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"neither inference\.yml"):
        locate_model(tmp_path)


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "inference.pdiparams").write_bytes(b"")
    with pytest.raises(ModelError, match="is a file; give the folder"):
        locate_model(tmp_path / "inference.pdiparams")


def test_a_cache_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match=r"cannot be used.*INSTSEG_CACHE_DIR"):
        locate_model(NAME, tmp_path / "file" / "cache")


def _locate_in_a_process(cache: Path, answers: "multiprocessing.Queue[str]") -> None:
    try:
        answers.put(str(locate_model(NAME, cache)))
    except Exception as error:
        answers.put(f"failed: {error}")


def test_two_processes_fetch_it_once(store: LoopbackServer, cache: Path) -> None:
    store.files[f"/base/{NAME}_infer.tar"].pause_s = 0.3
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.Queue[str] = context.Queue()
    processes = [
        context.Process(target=_locate_in_a_process, args=(cache, answers)) for _ in range(3)
    ]
    for process in processes:
        process.start()
    found = {answers.get(timeout=20) for _ in processes}
    for process in processes:
        process.join()
    assert found == {str(cache / "official" / NAME)}
    assert len(store.requests) == 1
