"""Official folders whose program only the fake Paddle can run."""

from pathlib import Path

LABELS = ["cat", "dog", "bird"]


def official(
    folder: Path, *, arch: str = "DETR", program: str = "inference.json", keep_ratio: bool = False
) -> Path:
    folder.mkdir(parents=True)
    (folder / "inference.yml").write_text(
        f"""arch: {arch}
draw_threshold: 0.5
Global: {{model_name: Fake}}
label_list: [{", ".join(LABELS)}]
Preprocess:
- {{type: Resize, target_size: [64, 96], keep_ratio: {str(keep_ratio).lower()}, interp: 2}}
- {{type: NormalizeImage, is_scale: true, mean: [0, 0, 0], std: [1, 1, 1], norm_type: none}}
- {{type: Permute}}
""",
        encoding="utf-8",
    )
    (folder / program).write_text("{}", encoding="utf-8")
    (folder / "inference.pdiparams").write_bytes(b"")
    return folder
