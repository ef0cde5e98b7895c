"""What train and roll show on a terminal, and what they leave when Ctrl-C is typed there."""

import re

import pytest
from helpers.small_study import ASOF, Study
from helpers.terminal import shown

from datamodules.panel import Panel


@pytest.fixture(scope="module")
def asof(study: Study) -> str:
    return f"asof={Panel.open(study.runs / 'demo' / 'panel.zarr').dates[ASOF]}"


def test_train_says_what_it_trains_a_line_an_epoch_and_the_time_left(study, asof):
    words = study.words("train", "variant=v2.1", asof, "experiment=seen", "trainer.max_epochs=4")
    status, text = shown([*words, "trainer.patience=2"])
    assert status == 0
    assert re.search(r"train v2.1 seed 0 as of \S+ on CPU, 1 threads; panel \S+ \(\w{12}\)\n", text)
    lines = re.findall(r"\nepoch \d  val/loss .* val/rank_ic .* train/loss \S+  (.*?)\s*\n", text)
    assert lines[0] == "the best so far"
    assert all(line == lines[0] or line.endswith("of 2 without a better one") for line in lines)
    assert re.search(r"epoch 1 \S+ +\d+/\d+ (\d+ s to )?\d+ s left", text)
    assert text.rstrip().splitlines()[-1].startswith("fit: ")


def test_ctrl_c_says_what_is_kept_and_the_next_start_says_where_it_goes_on(study, asof):
    words = study.words("train", "variant=v2.1", asof, "experiment=stopped", "trainer.max_epochs=8")
    status, text = shown(words, stop_at=r"\nepoch 2 \S+ +\d+/")
    assert status == 130
    kept = re.search(r"interrupted with (2) epochs kept in \S+: the same command", text)
    assert kept is not None, text
    status, text = shown(words)
    assert status == 0
    assert f"resumed: goes on in epoch {kept[1]}, step " in text
    assert f"\nepoch {int(kept[1]) - 1}  " not in text


def test_roll_shows_the_fits_that_train_and_the_time_left_from_the_first_epoch_on(study, rolling):
    words = study.words("roll", *rolling, "experiment=seen", "trainer.max_epochs=6")
    status, text = shown(words, stop_at=r"\n2/4 (.|\n)*seed 0 +[1-9]")
    assert status == 130
    assert re.search(r"v2.1 \S+ seed 0 +\d +-?0\.\d{4}  -?0\.\d{4}", text)
    assert re.search(r"0/4 fits done, at most \d+ s left", text)
    assert re.search(
        r"1/4 v2.1 \S+ seed 0: val/rank_ic \S+, 6 epochs, \d+ s, about \d+ s left", text
    )
    assert "interrupted with 2 of 4 fits done" in text
