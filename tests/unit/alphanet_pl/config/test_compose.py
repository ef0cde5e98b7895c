import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
import yaml

from alphanet_pl.config.compose import compose_config, conf_dir, load_settings, recompose
from datamodules.base.errors import ConfigError

VERBS = sorted(path.stem for path in conf_dir().glob("*.yaml") if path.stem != "common")
OPTIONS = sorted((path.parent.name, path.stem) for path in conf_dir().glob("*/*.yaml"))


@pytest.mark.parametrize("verb", VERBS)
def test_every_entry_file_composes_to_checked_settings(verb):
    assert load_settings(verb).data.features[0] == "open"


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_composes_to_checked_settings(group, option):
    load_settings("train", [f"{group}={option}", "data.panel=panel.zarr"])


@pytest.mark.parametrize("path", sorted(conf_dir().rglob("*.yaml")), ids=lambda p: p.stem)
def test_every_key_carries_a_comment(path: Path):
    for line in path.read_text(encoding="utf-8").splitlines():
        key = line.split("#")[0].rstrip()
        if ":" not in key or key.endswith(":") or key.lstrip().startswith("-"):
            continue
        if path.parent.name == "style_profile" and key.startswith("  "):  # weights: said above
            continue
        if key.split(":")[0] in {"variant", "name"}:  # the file's own name
            continue
        assert "#" in line, f"{path.name}: {line}"


def test_every_setting_stands_in_a_file_with_its_comment():
    written = "\n".join(path.read_text(encoding="utf-8") for path in conf_dir().rglob("*.yaml"))
    for name in _names(load_settings("train")):
        assert re.search(rf"^\s*{name}:", written, re.MULTILINE), name


def _names(node: object) -> Iterator[str]:
    for item in fields(node):
        if item.metadata.get("omegaconf_ignore"):
            continue
        value = getattr(node, item.name)
        yield from _names(value) if is_dataclass(value) else [item.name]


def test_variants_differ_as_the_report_says():
    v2, dropout, long_side = (
        load_settings("train", [f"variant={v}"]) for v in ("v2", "v2.1", "v2.3")
    )
    assert (v2.model.n, v2.loss.long_weight) == (15, 1.0)
    assert (dropout.model.n, dropout.loss.long_weight) == (8, 1.0)
    assert (long_side.model.n, long_side.loss.long_weight) == (15, 2.0)
    neutral, all_three = (load_settings("train", [f"variant={v}"]) for v in ("v2.2", "combined"))
    assert (neutral.model.n, neutral.loss.neutralise, neutral.loss.long_weight) == (15, True, 1.0)
    assert all_three.loss.neutralise
    assert (all_three.model.n, all_three.loss.long_weight) == (8, 2.0)
    assert {v2.variant, dropout.variant, long_side.variant} == {"v2", "v2.1", "v2.3"}


def test_the_command_line_overrules_the_variant():
    assert load_settings("train", ["variant=v2.1", "model.n=6"]).model.n == 6


@pytest.mark.parametrize(
    ("override", "hint"),
    [
        ("modl.n=8", "HINT: model.n=8"),
        ("trainer.max_epoch=3", "HINT: trainer.max_epochs=3"),
        ("data.paht=x", "HINT: data.path=x"),
        ("varient=v2.1", "HINT: variant=v2.1"),
        ("variant=v2.4", "HINT: variant=v2"),
        ("data=paquet", "HINT: data=parquet"),
        ("data.filter=reprot", "HINT: data.filter=report"),
        ("data.embargo=5", "HINT: data.embargo=11"),
        ("data.market.stocks=5", "HINT: data.market.stocks=20"),
        ("data.market.days=10", "HINT: data.market.days=60"),
        ("data.market.rank_ic=0.9", "HINT: data.market.rank_ic=0.3"),
        ("model.n=16", "HINT: model.n=15"),
        ("model.n=1", "HINT: model.n=2"),
        ("data.picture_days=35", "HINT: data.picture_days=30"),
        ("loss.long_weight=0.5", "HINT: loss.long_weight=1.0"),
        ("data.min_in_sample_days=2000", "HINT: data.min_in_sample_days=1500"),
        ("seed", "HINT: try seed=VALUE"),
        ("+seed=1", "HINT: seed=1"),
    ],
)
def test_a_mistake_is_refused_with_the_setting_that_mends_it(override, hint):
    with pytest.raises(ConfigError) as refused:
        load_settings("train", [override])
    assert hint in str(refused.value)


def test_a_value_of_the_wrong_type_is_refused_by_key():
    with pytest.raises(ConfigError, match=r"model\.n=many was given.*could not be converted"):
        load_settings("train", ["model.n=many"])


def test_a_setting_without_default_is_asked_for():
    with pytest.raises(ConfigError, match=r"data\.panel is not set"):
        load_settings("train", ["data=parquet"])


def test_a_vendor_map_needs_no_plus_sign():
    settings = load_settings(
        "train", ["data=parquet", "data.panel=p", "data.columns.quotes.code=ts_code"]
    )
    assert settings.data.columns == {"quotes": {"code": "ts_code"}}


def test_a_users_folder_adds_options(tmp_path):
    (tmp_path / "data").mkdir()
    vendor = {
        "source": "parquet",
        "path": "/x",
        "panel": "/p",
        "scale": {"quotes": {"volume": 100}},
    }
    (tmp_path / "data" / "vendor.yaml").write_text(yaml.safe_dump(vendor))
    settings = load_settings("prepare", ["data=vendor"], config_dir=tmp_path)
    assert settings.data.scale == {"quotes": {"volume": 100.0}}
    assert settings.data.horizon == 10


def test_the_same_command_with_another_variant_keeps_what_was_typed(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.yaml").write_text("source: parquet\npath: x\npanel: p\n")
    base = load_settings("train", ["data=mine", "seed=3", "variant=v2"], config_dir=tmp_path)
    again = recompose(base, "variant=v2.1", "seed=4")
    assert (again.variant, again.model.n, again.seed, again.data.panel) == ("v2.1", 8, 4, "p")
    assert recompose(base) == base


def test_a_users_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="must be an existing folder"):
        compose_config("train", [], config_dir=tmp_path / "none")
