import re
from pathlib import Path

from datamodules.canon.columns import COLUMNS
from datamodules.canon.report import FINDINGS

ROOT = Path(__file__).parents[4]


def test_the_guide_lists_what_may_be_accepted():
    guide = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` | {says} |" in guide for name, says in FINDINGS.items())


def test_the_guide_names_every_column_of_every_table():
    guide = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    part = guide[guide.index("## The tables") : guide.index("## Tomorrow")]
    names = {column.name for table, columns in COLUMNS.items() if table != "truth"
             for column in columns}  # fmt: skip
    assert names - set(re.findall(r"`(\w+)`", part)) == set()
