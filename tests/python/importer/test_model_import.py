"""The whole import: what it writes, and what it leaves when it fails or is killed."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import onnx
import pytest
from tiny_mask_rtdetr import TinyMaskRtdetr

from instseg.errors import InvalidArgument, ModelError
from instseg.importer import import_model, model_import, verify_network_folder
from instseg.importer.lowering import onnx_file


@pytest.fixture
def official(tmp_path: Path) -> Path:
    return TinyMaskRtdetr().write(tmp_path / "official")


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_writes_a_whole_network_folder(official: Path, tmp_path: Path) -> None:
    stages: list[tuple[str, float]] = []
    target = import_model(
        official, tmp_path / "network", progress=lambda stage, part: stages.append((stage, part))
    )
    assert target == tmp_path / "network"
    assert listing(target) == ["instseg.json", "network.onnx"]
    manifest = verify_network_folder(target)
    assert manifest["source"]["program"] == "inference.json"
    assert manifest["model_name"] == "Tiny-3"
    onnx.checker.check_model(str(target / "network.onnx"), full_check=True)
    order = list(dict.fromkeys(stage for stage, _ in stages))
    assert order == ["hash", "read", "optimise", "write"]
    assert all(0 <= part <= 1 for _, part in stages)
    assert stages[-1] == ("write", 1.0)


def test_takes_the_program_along_where_asked(official: Path, tmp_path: Path) -> None:
    target = import_model(official, tmp_path / "network", with_program=True)
    assert listing(target) == [
        "inference.json",
        "inference.pdiparams",
        "instseg.json",
        "network.onnx",
    ]
    manifest = verify_network_folder(target)
    program = manifest["program"]
    for entry in (program, program["parameters"]):
        assert (target / entry["file"]).read_bytes() == (official / entry["file"]).read_bytes()
    assert program["inputs"][0]["meaning"] == "image"
    assert {tensor["meaning"] for tensor in program["outputs"]} >= {"boxes", "masks"}
    without = verify_network_folder(import_model(official, tmp_path / "without"))
    assert {**without, "program": program} == manifest


def test_same_source_gives_the_same_bytes(official: Path, tmp_path: Path) -> None:
    """Also in another process, where texts hash differently."""
    import_model(official, tmp_path / "a")
    code = "import sys; from instseg.importer import import_model; import_model(*sys.argv[1:])"
    subprocess.run(
        [sys.executable, "-c", code, str(official), str(tmp_path / "b")],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    )
    for name in ("instseg.json", "network.onnx"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("damaged", ["inference.json", "inference.pdiparams", "inference.yml"])
def test_failed_import_leaves_nothing(damaged: str, official: Path, tmp_path: Path) -> None:
    (official / damaged).write_bytes((official / damaged).read_bytes()[:-200])
    with pytest.raises(ModelError):
        import_model(official, tmp_path / "made" / "network")
    assert listing(tmp_path) == ["official"]


def test_what_the_caller_raises_leaves_nothing(official: Path, tmp_path: Path) -> None:
    def stop(stage: str, fraction: float) -> None:
        if stage == "write":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_model(official, tmp_path / "network", progress=stop)
    assert listing(tmp_path) == ["official"]


def test_files_that_do_not_belong_together_are_refused(official: Path, tmp_path: Path) -> None:
    (official / "inference.yml").write_text(TinyMaskRtdetr(classes=4).config())
    with pytest.raises(ModelError, match="lists 4 classes, but the program has 3"):
        import_model(official, tmp_path / "network")
    (official / "inference.yml").write_text(TinyMaskRtdetr(side=64).config())
    with pytest.raises(ModelError, match=r"resizes to \(64, 64\), but the program takes"):
        import_model(official, tmp_path / "network")
    (official / "inference.yml").write_text(
        TinyMaskRtdetr().config().replace("arch: DETR", "arch: GFL")
    )
    with pytest.raises(ModelError, match="arch 'GFL' cannot be imported"):
        import_model(official, tmp_path / "network")


@pytest.mark.parametrize("file", ["inference.json", "inference.pdiparams", "inference.yml"])
def test_file_that_changes_meanwhile_is_noticed(file: str, official: Path, tmp_path: Path) -> None:
    """Also where size and modification time stay."""
    before = (official / file).stat()

    def touch(stage: str, fraction: float) -> None:
        if stage == "optimise":
            (official / file).write_bytes((official / file).read_bytes())
            os.utime(official / file, ns=(before.st_atime_ns, before.st_mtime_ns))

    with pytest.raises(ModelError, match="changed while it was read; try again"):
        import_model(official, tmp_path / "network", progress=touch)
    assert listing(tmp_path) == ["official"]


def test_existing_folders(official: Path, tmp_path: Path) -> None:
    target = import_model(official, tmp_path / "network")
    with pytest.raises(InvalidArgument, match="exists already"):
        import_model(official, target)
    (tmp_path / "official2").mkdir()
    TinyMaskRtdetr(classes=7).write(tmp_path / "official2")
    import_model(tmp_path / "official2", target, overwrite=True)
    assert len(verify_network_folder(target)["class_names"]) == 7
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    (tmp_path / "file").touch()
    for name in ("mine", "file"):
        with pytest.raises(InvalidArgument, match="is not a network folder: it will not be overw"):
            import_model(official, tmp_path / name, overwrite=True)
        with pytest.raises(InvalidArgument, match="exists already"):
            import_model(official, tmp_path / name)
    with pytest.raises(ModelError, match="cannot write the network folder"):
        import_model(official, tmp_path / "file" / "network")
    assert listing(tmp_path) == ["file", "mine", "network", "official", "official2"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_source_is_never_overwritten(overwrite: bool, official: Path, tmp_path: Path) -> None:
    """Neither the model folder itself, nor a folder that contains it, under whatever name."""
    import_model(official, tmp_path / "network")
    os.replace(official, tmp_path / "network" / "official")
    official = tmp_path / "network" / "official"
    (tmp_path / "alias").symlink_to(official)
    for target in (
        official,
        tmp_path / "network",
        tmp_path / "alias",
        official / ".." / "official",
    ):
        with pytest.raises(InvalidArgument, match="is or contains the model folder"):
            import_model(official, target, overwrite=overwrite)
    assert listing(official) == ["inference.json", "inference.pdiparams", "inference.yml"]


def test_network_inside_the_source_is_fine(official: Path) -> None:
    verify_network_folder(import_model(official, official / "network"))


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("my-cells", "my-cells"),
        ("Mask-RT-DETR-L_infer", "Mask-RT-DETR-L"),
        ("mask_rtdetr_l_inference", "mask_rtdetr_l"),
        ("inference", "unnamed DETR"),
        ("output", "unnamed DETR"),
    ],
)
def test_model_without_name_is_called_after_its_folder(
    folder: str, name: str, tmp_path: Path
) -> None:
    model = TinyMaskRtdetr()
    model.write(tmp_path / folder)
    config = model.config().replace("  model_name: Tiny-3\n", "  other: 1\n")
    (tmp_path / folder / "infer_cfg.yml").write_text(config)
    (tmp_path / folder / "inference.yml").unlink()
    target = import_model(tmp_path / folder, tmp_path / "network")
    assert json.loads((target / "instseg.json").read_text())["model_name"] == name


def test_folder_name_that_is_no_text(tmp_path: Path) -> None:
    model = TinyMaskRtdetr()
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/cells\xff"))
    model.write(folder)
    config = model.config().replace("  model_name: Tiny-3\n", "  other: 1\n")
    (folder / "inference.yml").write_text(config)
    target = import_model(folder, tmp_path / "network")
    assert verify_network_folder(target)["model_name"] == "cells\ufffd"


def test_full_disk(official: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: onnx_file._Sink, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(onnx_file._Sink, "write", full)
    with pytest.raises(ModelError, match=r"cannot write the network folder .*No space left"):
        import_model(official, tmp_path / "network")
    assert listing(tmp_path) == ["official"]


def test_file_size_limit_of_the_system(official: Path, tmp_path: Path) -> None:
    """The kernel itself refuses the write, in the middle of the ONNX file."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    code = """
        import sys
        from instseg.errors import ModelError
        from instseg.importer import import_model
        try:
            import_model(*sys.argv[1:])
        except ModelError as error:
            print(error)
            sys.exit(9)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(official), str(tmp_path / "network")],
        capture_output=True,
        text=True,
        preexec_fn=limit,
    )
    assert done.returncode == 9, done.stderr
    assert "cannot write the network folder" in done.stdout
    assert "File too large" in done.stdout
    assert listing(tmp_path) == ["official"]


KILLED = """
    import os, signal, sys
    from instseg.importer import import_model, model_import

    source, target, moment, count = *sys.argv[1:4], int(sys.argv[4])

    def die(stage, fraction):
        global count
        if stage == moment:
            count -= 1
            if count == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    if moment == "manifest":
        write = model_import.write_manifest
        def write_and_die(folder, manifest):
            write(folder, manifest)
            os.kill(os.getpid(), signal.SIGKILL)
        model_import.write_manifest = write_and_die
    import_model(source, target, progress=die)
"""


@pytest.mark.parametrize(
    ("stage", "count"),
    [
        ("hash", 1),
        ("read", 1),
        ("read", 2),
        ("optimise", 2),
        ("write", 1),
        ("write", 5),
        ("manifest", 1),
    ],
)
def test_killed_import_leaves_nothing(
    stage: str, count: int, official: Path, tmp_path: Path
) -> None:
    target = tmp_path / "networks" / "tiny"
    arguments = [str(official), str(target), stage, str(count)]
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED), *arguments])
    assert killed.returncode == -signal.SIGKILL
    assert not target.exists()
    verify_network_folder(import_model(official, target))
    assert listing(target.parent) == ["tiny"]


def test_progress_of_writing_counts_the_weights(tmp_path: Path) -> None:
    """Each step is one of them."""
    TinyMaskRtdetr(prototypes=64, side=64).write(tmp_path / "official")
    parts: list[float] = []

    def note(stage: str, fraction: float) -> None:
        if stage == "write":
            parts.append(fraction)

    import_model(tmp_path / "official", tmp_path / "network", progress=note)
    assert parts == sorted(parts)
    assert len(parts) >= 8


def test_errors_of_the_operating_system_are_told(
    official: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied", "somewhere")

    monkeypatch.setattr(model_import, "write_network_folder", refuse)
    with pytest.raises(ModelError, match=r"cannot write the network folder .*somewhere"):
        import_model(official, tmp_path / "network")
    assert listing(tmp_path) == ["official"]
