from pathlib import Path

from datamodules.canon.report import FINDINGS

ROOT = Path(__file__).parents[4]


def test_the_guide_lists_what_may_be_accepted():
    guide = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` | {says} |" in guide for name, says in FINDINGS.items())
