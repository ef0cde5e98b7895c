import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser

from alphanet_pl.config.compose import (
    compose_config,
    load_settings,
    quoted_value,
    show_settings,
    with_changes,
    with_overrides,
)
from alphanet_pl.config.keys import OF_SWEEPS, conf_dir
from datamodules.base.errors import ConfigError

VERBS = sorted(path.stem for path in conf_dir().glob("*.yaml") if path.stem != "common")
OPTIONS = sorted((path.parent.name, path.stem) for path in conf_dir().glob("*/*.yaml"))


@pytest.mark.parametrize("verb", VERBS)
def test_every_entry_file_composes_to_checked_settings(verb):
    assert load_settings(verb).data.features[0] == "open"


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_composes_to_checked_settings(group, option):
    verb = "sweep" if group == "sweep" else "train"
    load_settings(verb, [f"{group}={option}", "data.panel=panel.zarr"])


@pytest.mark.parametrize("path", sorted(conf_dir().rglob("*.yaml")), ids=lambda p: p.stem)
def test_every_key_carries_a_comment(path: Path):
    for line in path.read_text(encoding="utf-8").splitlines():
        key = line.split("#")[0].rstrip()
        if ":" not in key or key.endswith(":") or key.lstrip().startswith("-"):
            continue
        # Weights of a profile, files and SQL of a vendor: the file's head says what each is.
        if path.parent.name in ("style_profile", "data") and key.startswith("  "):
            continue
        if key.split(":")[0] in {"variant", "name"}:  # the file's own name
            continue
        assert "#" in line, f"{path.name}: {line}"


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


def test_the_enhancement_costs_what_the_layers_cost_unless_it_is_given():
    costs = load_settings("evaluate", ["evaluation.cost=0.001"]).evaluation
    assert costs.enhancement.cost == 0.001
    both = ["evaluation.cost=0.001", "evaluation.enhancement.cost=0.003"]
    assert load_settings("evaluate", both).evaluation.enhancement.cost == 0.003


@pytest.mark.parametrize(
    ("override", "hint"),
    [
        ("modl.n=8", "HINT: model.n=8"),
        ("trainer.max_epoch=3", "HINT: trainer.max_epochs=3"),
        ("trainer.lr=1", "HINT: trainer.learning_rate=1"),
        ("data.paht=x", "HINT: data.path=x"),
        ("varient=v2.1", "HINT: variant=v2.1"),
        ("variant=v2.4", "HINT: variant=v2"),
        ("variant=[v2.2,v2]", "HINT: variant=v2; evaluate and compare take variants=[v2.2,v2]"),
        ("data=[parquet,tushare]", "HINT: data=tushare"),
        ("data=paquet", "HINT: data=parquet"),
        ("data.style_profile=cne5", "HINT: style_profile=cne5_renorm"),
        ("model=large", "or write FOLDER/model/large.yaml and give --config-dir FOLDER"),
        ("model=alphanet_v2", "HINT: leave it out, which gives the group's defaults, or write"),
        ("data.filter=reprot", "HINT: data.filter=report"),
        ("data.embargo=5", "HINT: data.embargo=11"),
        ("data.embargo=0", "HINT: data.embargo=11"),
        ("data.features=[]", "HINT: data.features=[open,high,low,close,vwap,volume,return1,turn"),
        ("data.features=[open,high,open]", "HINT: data.features=[open,high]"),
        ("data.scale.quotes.volume=0", "HINT: data.scale.quotes.volume=1"),
        ("trainer.optimiser_arguments={weight_decay: nan}", "HINT: trainer.optimiser_arguments={}"),
        ("data.max_bad_rows=nan", "HINT: data.max_bad_rows=1e-05"),
        ("evaluation.cost=nan", "HINT: evaluation.cost=0.002"),
        ("evaluation.enhancement.max_turnover=inf", "HINT: evaluation.enhancement.max_turnover"),
        ("data.market.stocks=5", "HINT: data.market.stocks=20"),
        ("data.market.days=10", "HINT: data.market.days=60"),
        ("data.market.rank_ic=0.9", "HINT: data.market.rank_ic=0.3"),
        ("model.n=16", "HINT: model.n=15"),
        ("model.n=1", "HINT: model.n=2"),
        ("data.picture_days=35", "HINT: data.picture_days=30"),
        ("loss.long_weight=0.5", "HINT: loss.long_weight=1.0"),
        ("trainer.learning_rate=-1", "HINT: trainer.learning_rate=0.0001"),
        ("trainer.threads=100000", "HINT: trainer.threads=1024"),
        ("data.min_in_sample_days=2000", "HINT: data.min_in_sample_days=1500"),
        ("seed=99999999999999999999", "HINT: seed=0"),
        ("seed=true", "HINT: seed=0"),
        ("variants=v2", "HINT: variants=[v2]"),
        ("data.features=open", "HINT: data.features=[open,high,"),
        ("zzz=1", "HINT: alphanet VERB --help lists the settings"),
        ("asof=", "HINT: asof=2011-01-31"),
        ("asof=NaT", "HINT: asof=2011-01-31"),
        ("asof=2012-01", "HINT: asof=2012-01-31"),
        ("data.market.start=2012", "HINT: data.market.start=2012-12-31"),
        ("rolling.dates=[2011-06-31]", "rolling.dates holds 2011-06-31: a date reads YYYY-MM-DD"),
        ("data.free_turn=turns", "HINT: data.free_turn=turn"),
        ("data.style_profile.winsorise=iqr", "HINT: data.style_profile.winsorise=std"),
        ("data.style_profile.weights.growth={EGR0: 1.0}", "HINT: growth: {'EGRO': 0.34"),
        ("evaluation.enhancement=3", "HINT: evaluation.enhancement.schedule=VALUE"),
        ("data.files=x", "it could not be converted to a map\nHINT: data.files={}"),
        ("seed", "HINT: try seed=VALUE"),
        ("+seed=1", "HINT: seed=1"),
        ("~data.horizon", "HINT: data.horizon=10"),
        ("sweep=dropout", "HINT: alphanet sweep sweep=dropout"),
    ],
)
def test_a_mistake_is_refused_with_the_setting_that_mends_it(override, hint):
    with pytest.raises(ConfigError) as refused:
        load_settings("train", [override])
    assert hint in str(refused.value)


def test_a_value_of_the_wrong_type_is_refused_by_key():
    with pytest.raises(ConfigError, match=r"model\.n=many was given.*could not be converted"):
        load_settings("train", ["model.n=many"])


def test_of_a_key_given_twice_the_last_value_holds_and_is_quoted():
    assert load_settings("train", ["model.n=6", "model.n=7"]).model.n == 7
    with pytest.raises(ConfigError, match=r"model\.n=1 was given"):
        load_settings("train", ["model.n=6", "model.n=1"])


def test_a_setting_without_default_is_asked_for():
    with pytest.raises(ConfigError, match=r"data\.panel is not set"):
        load_settings("train", ["data=parquet"])
    assert "panel: ???" in show_settings("train", ["data=parquet"])


def test_a_mistake_in_a_file_is_refused_like_one_that_is_typed(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.yaml").write_text("paht: x\npanel: p\n")
    with pytest.raises(ConfigError, match=r"no setting 'data\.paht'.*\n.*HINT: data\.path=x"):
        load_settings("train", ["data=mine"], tmp_path)


@pytest.mark.parametrize(
    "path", ["数据/table", "a b", "it's", 'a"b', "a=b", "a,b", "[x", "a#b", "1e3", "a{b}", "(x)"]
)
def test_a_path_is_taken_as_it_stands(path):
    settings = load_settings("prepare", [f"data.path={path}", f"runs={path}"])
    assert settings.data.path == settings.runs == path
    assert settings.data.panel == f"{path}/demo/panel.zarr"


def test_a_path_may_be_quoted_and_begin_at_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    settings = load_settings("prepare", ["data.path='数据'", "runs=~/runs"])
    assert (settings.data.path, settings.runs) == ("数据", "/home/me/runs")
    assert settings.data.panel == "/home/me/runs/demo/panel.zarr"


def test_null_unsets_what_may_be_unset():
    assert load_settings("train", ["asof=2011-01-31", "asof=null"]).asof is None


def test_a_vendor_map_needs_no_plus_sign():
    words = ["data=parquet", "data.panel=p", "data.columns.quotes.code=代码"]
    columns = load_settings("train", [*words, "data.columns.index={code: 指数}"]).data.columns
    assert columns == {"quotes": {"code": "代码"}, "index": {"code": "指数"}}


def test_a_users_folder_adds_options(tmp_path):
    folder = tmp_path / "it's 我的"
    (folder / "data").mkdir(parents=True)
    (folder / "trainer").mkdir()
    vendor = {
        "source": "parquet",
        "path": "/x",
        "panel": "/p",
        "scale": {"quotes": {"volume": 100}},
    }
    (folder / "data" / "vendor.yaml").write_text(yaml.safe_dump(vendor))
    (folder / "trainer" / "short.yaml").write_text("max_epochs: 3\n")
    settings = load_settings("prepare", ["data=vendor", "trainer=short"], config_dir=folder)
    assert settings.data.scale == {"quotes": {"volume": 100.0}}
    assert (settings.data.horizon, settings.trainer.max_epochs) == (10, 3)


def test_modules_in_a_users_folder_can_be_imported_here_and_in_new_processes(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    (tmp_path / "a_network_of_mine.py").write_text("N = 8\n")
    load_settings("train", [], tmp_path)
    load_settings("train", [], tmp_path)
    assert sys.path.count(str(tmp_path)) == 1
    subprocess.run([sys.executable, "-c", "import a_network_of_mine"], check=True)


def test_the_same_command_with_another_variant_keeps_what_was_typed(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.yaml").write_text("source: parquet\npath: x\npanel: p\n")
    base = load_settings("train", ["data=mine", "seed=3", "variant=v2"], config_dir=tmp_path)
    again = with_overrides(base, "variant=v2.1", "seed=4")
    assert (again.variant, again.model.n, again.seed, again.data.panel) == ("v2.1", 8, 4, "p")
    assert with_overrides(base) == base


def test_changes_of_a_composed_command_are_what_it_would_compose_to():
    composed = compose_config("train", ["variant=v2.1"])
    changed = with_changes(composed, {"model.n": 6, "runs": "elsewhere"})
    typed = load_settings("train", ["variant=v2.1", "model.n=6", "runs=elsewhere"])
    assert replace(changed, origin=None) == replace(typed, origin=None)
    assert with_changes(composed, {}) == load_settings("train", ["variant=v2.1"])


def test_a_users_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="must be an existing folder"):
        compose_config("train", [], config_dir=tmp_path / "none")


def test_only_verbs_of_sweeps_have_its_settings():
    for verb in VERBS:
        assert hasattr(load_settings(verb), "sweep") == (verb in OF_SWEEPS)


def test_an_option_that_is_typed_as_a_setting_is_named_with_its_group():
    with pytest.raises(ConfigError, match=r"HINT: logger=wandb"):
        load_settings("train", ["logger.wandb=true"])


@pytest.mark.parametrize(
    "text", ["a", "a'b", "a\\b", "a\\", "\\'", "a\\\\'b\\\\", "\u6570\u636e x", "it's \\' \\"]
)
def test_any_text_in_quotes_is_read_back(text):
    read = OverridesParser.create().parse_override(f"key={quoted_value(text)}").value()
    assert str(read) == text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("data=tushare", "data.views.daily_basics=x.csv"), "HINT: data.views.daily_basic=x.csv"),
        (("data=tushare", "data.files.index=x.csv"), "HINT: data.views.NAME=x.csv"),
        (("data=parquet", "data.views.quotes=x.csv"), "HINT: data.source=duckdb"),
        (("data=qlib", "data.files.quotes=x"), "HINT: data.source=parquet"),
    ],
)
def test_files_that_a_source_does_not_read_are_refused(words, said):
    with pytest.raises(ConfigError) as refused:
        load_settings("prepare", [*words, "data.panel=P"])
    assert said in str(refused.value)


def test_files_under_a_name_that_a_query_has_are_accepted():
    own = "data.sql.index=SELECT date, code, close FROM index_prices"
    words = ["data=ricequant", "data.panel=P", "data.views.index_prices=mine/*.csv", own]
    assert load_settings("prepare", words).data.views["index_prices"] == "mine/*.csv"


def test_an_empty_map_empties_what_a_file_says():
    filled, empty = (
        load_settings("train", ["variant=lightgbm", "data.panel=P", *more])
        for more in ([], ["model.arguments={}"])
    )
    assert filled.model.arguments
    words = ["evaluation.cost=0.001", "evaluation.enhancement={}", "data.panel=P"]
    half = load_settings("evaluate", words)
    assert half.evaluation.enhancement.cost == 0.001  # no map, and its values stay
    assert empty.model.arguments == {}


def own_file(folder: Path, place: str, text: str | bytes) -> Path:
    path = folder / f"{place}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def refused(folder: Path, *words: str, verb: str = "train") -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_settings(verb, list(words), config_dir=folder)
    return caught.value


def test_a_file_of_the_users_with_a_shipped_name_is_refused(tmp_path):
    folder = own_file(tmp_path, "data/tushare", "path: MINE\npanel: MINE")
    error = refused(folder, "data=tushare")
    assert "tushare.yaml has a shipped file's name" in error.given
    assert error.hint.endswith("say data=my_tushare")
    load_settings("train", ["data=parquet", "data.panel=p"], config_dir=folder)


@pytest.mark.parametrize("says", ["variant: v2.1", "model: {n: 7}"])
def test_a_variant_of_another_name_than_its_file_is_refused(tmp_path, says):
    folder = own_file(tmp_path, "variant/alias", f"# @package _global_\n{says}")
    assert refused(folder, "variant=alias").hint == "write variant: alias in that file"
    folder = own_file(tmp_path, "variant/alias", "# @package _global_\nvariant: alias")
    assert load_settings("train", ["variant=alias"], config_dir=folder).variant == "alias"


def test_a_sweeps_best_is_of_the_variant_that_it_is_the_best_of(tmp_path):
    folder = own_file(tmp_path, "variant/best", "# @package _global_\nvariant: v2.1")
    assert load_settings("train", ["variant=best"], config_dir=folder).variant == "v2.1"


def test_a_sweep_of_the_users_is_called_as_its_file(tmp_path):
    folder = own_file(tmp_path, "sweep/mine", "axes: {seed: [0, 1]}")
    assert load_settings("sweep", ["sweep=mine"], config_dir=folder).sweep.name == "mine"
    words = ["sweep=mine", "sweep.name=other"]
    assert load_settings("sweep", words, config_dir=folder).sweep.name == "other"
    folder = own_file(tmp_path, "sweep/mine", "name: third\naxes: {seed: [0, 1]}")
    assert load_settings("sweep", ["sweep=mine"], config_dir=folder).sweep.name == "third"


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("source: parquet\n\tpath: x", r"line 2 of .*mine.yaml cannot be read"),
        ("path: a\npath: b", r"line 2 of .*mine.yaml cannot be read"),
        (r"path: C:\vendor: x", r"line 1 of .*mine.yaml cannot be read"),
        ("columns: {quotes: {open: o}", r"of .*mine.yaml cannot be read"),
        ("path: 行情".encode("gbk"), "a file of --config-dir cannot be read"),
        ("defaults: tushare", "the settings cannot be composed"),
    ],
)
def test_a_slip_in_a_file_of_the_users_is_named(tmp_path, text, given):
    error = refused(own_file(tmp_path, "data/mine", text), "data=mine")
    assert re.search(given, error.given)


def test_a_folder_that_is_the_group_itself_is_named(tmp_path):
    own_file(tmp_path, "data/duck", "path: x")
    assert refused(tmp_path / "data", "data=duck").hint == f"--config-dir {tmp_path.resolve()}"


def test_a_key_with_dots_in_a_file_is_shown_inside_its_group(tmp_path):
    folder = own_file(tmp_path, "variant/mine", "# @package _global_\nvariant: mine\nmodel.n: 8")
    assert refused(folder, "variant=mine").hint == "model: {n: 8}"


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("trainer.accelerator=cuda", "trainer.accelerator=gpu"),
        ("lr=1e-3", "trainer.learning_rate=1e-3"),
        ("gpus=2", "trainer.devices=2"),
    ],
)
def test_what_others_call_otherwise_is_understood(word, hint):
    with pytest.raises(ConfigError) as caught:
        load_settings("train", [word])
    assert caught.value.hint == hint


def test_a_variant_may_be_called_by_a_number(tmp_path):
    folder = own_file(tmp_path, "variant/7", "# @package _global_\nvariant: 7")
    assert load_settings("train", ["variant=7"], config_dir=folder).variant == "7"


def test_a_variant_that_does_not_say_where_it_belongs_is_refused(tmp_path):
    folder = own_file(tmp_path, "variant/plain", "variant: plain\nmodel: {n: 7}")
    assert refused(folder, "variant=plain").hint.startswith("write # @package _global_")


def test_a_sweep_that_sets_other_groups_too_keeps_its_name(tmp_path):
    text = "# @package _global_\nsweep: {name: other, axes: {seed: [0, 1]}}"
    folder = own_file(tmp_path, "sweep/glob", text)
    assert load_settings("sweep", ["sweep=glob"], config_dir=folder).sweep.name == "other"


def test_the_shipped_folder_itself_may_be_named():
    words = ["data=parquet", "data.panel=p"]
    assert load_settings("train", words, config_dir=conf_dir()).data.source == "parquet"
