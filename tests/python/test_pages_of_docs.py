"""The Python snippets of the pages run as they stand, on a tiny model under the names they use."""

import re
import shutil
from pathlib import Path

import pytest
from pictures import photo, write_photo
from PIL import Image

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("page", ["migration", "extras"])
def test_snippets_run(
    page: str, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snippets = re.findall(
        r"^```python\n(.*?)^```", (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.M | re.S
    )
    assert len(snippets) >= 3
    shutil.copytree(tiny_model, tmp_path / "Mask-RT-DETR-L_infer")
    manifest = tmp_path / "Mask-RT-DETR-L_infer" / "instseg.json"
    manifest.write_text(manifest.read_text().replace('"Tiny"', '"Mask-RT-DETR-L"'))
    write_photo(tmp_path / "street.jpg")
    write_photo(tmp_path / "aerial.jpg", 700, 900)
    write_photo(tmp_path / "photos" / "a.png", seed=1)
    (tmp_path / "photos" / "broken.png").write_bytes(b"no picture")
    pages = [Image.fromarray(photo(seed=i)) for i in range(2)]
    pages[0].save(tmp_path / "scan.tif", save_all=True, append_images=pages[1:])
    (tmp_path / "output").mkdir()
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for snippet in snippets:
        exec(compile(snippet, f"{page}.md", "exec"), names)
    if page == "migration":
        assert names["failed"] == ["photos/broken.png"]
        assert {"a_res.json", "a_res.png", "street_res.jpg", "street.json"} <= {
            path.name for path in (tmp_path / "output").iterdir()
        }
    else:
        assert (tmp_path / "street.json").is_file()
