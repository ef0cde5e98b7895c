import re

import pytest

from alphanet_pl.config.keys import classes, root_of, settings_of
from alphanet_pl.config.manual import docstrings, manual, type_in_words

SWEEP = root_of("sweep")


@pytest.mark.parametrize(("prefix", "section"), [*classes(SWEEP)], ids=lambda each: str(each)[:20])
def test_every_setting_has_a_docstring(prefix, section):
    texts = docstrings(section)
    for name in section.__pydantic_fields__:
        if f"{prefix}{name}" in settings_of("sweep"):
            assert texts.get(name, "").endswith((".", "...")), f"{prefix}{name}"


def test_a_manual_holds_every_setting_with_default_type_and_docstring():
    text = manual("sweep")
    assert [key for key in settings_of("sweep") if f"\n{key}=" not in text] == []
    assert "model.n=15   (integer, >= 2)\n    Features sampled by the seed" in text
    assert "data.filter=report   (report | realistic | none)\n" in text
    assert "data.path=   (text)" in text
    assert max(len(line) for line in text.splitlines() if line[0:1] != "#") <= 100


def test_a_manual_names_a_users_own_options(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "vendor.yaml").write_text("path: x\n")
    options = re.search(r"^  data=([^=]*)\n", manual("train", tmp_path), re.MULTILINE)[1]
    assert {"parquet", "qlib", "simulated", "vendor"} <= set(options.replace("|", " ").split())


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("seed", "integer, >= 0, < 4294967296"),
        ("asof", "text | null"),
        ("trainer.devices", "integer, >= 1, <= 1024 | null"),
        ("data.max_bad_rows", "number, >= 0.0, <= 1.0"),
        ("rolling.seeds", "list of integer, >= 0, < 4294967296"),
        ("data.columns", "map"),
        ("sweep.asha", "true | false"),
    ],
)
def test_a_type_reads_as_words(key, words):
    assert type_in_words(settings_of("sweep")[key]) == words
