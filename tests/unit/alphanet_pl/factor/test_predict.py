from dataclasses import dataclass

import numpy as np
import pytest

from alphanet_pl.config.compose import load_settings
from alphanet_pl.config.settings import LossSettings, Settings
from alphanet_pl.factor import predict
from alphanet_pl.factor.predict import describe_gaps, score, sessions_to_score
from alphanet_pl.model.module import AlphaNetModule
from datamodules.base.errors import AlphaNetError, PanelError
from datamodules.panel import Panel
from datamodules.settings import FEATURES


def test_latest_is_the_panels_last_session(small_panel):
    assert sessions_to_score(small_panel, "latest").tolist() == [len(small_panel.dates) - 1]


def test_a_range_takes_its_ends_and_either_may_be_left_out(small_panel):
    dates = small_panel.dates
    both = sessions_to_score(small_panel, f"{dates[100]}:{dates[110]}")
    np.testing.assert_array_equal(both, np.arange(100, 111))
    assert sessions_to_score(small_panel, f"{dates[100]}:")[-1] == len(dates) - 1
    assert sessions_to_score(small_panel, f":{dates[100]}")[0] == small_panel.picture_days - 1


@pytest.mark.parametrize(
    ("date", "said"),
    [
        (None, "date is not set"),
        ("1990-01-01", "the panel can score sessions from"),
        ("2011-13-01", "a date reads YYYY-MM-DD"),
        ("2030-01-01:", "the panel can score sessions from"),
        ("2030-01-01", "the panel can score sessions from"),
        ("2012-01-14", "this Saturday is no session of the panel"),
        ("2012-01-14:2012-01-15", "and none is in it"),
        ("2012-03-01:2012-02-01", "the earlier date first"),
        ("2012-03", "this is a whole month"),
    ],
)
def test_what_cannot_be_scored_is_refused(small_panel, date, said):
    with pytest.raises(AlphaNetError, match=said):
        sessions_to_score(small_panel, date)


def test_a_day_without_a_session_is_refused_with_the_one_before_it(small_panel):
    with pytest.raises(AlphaNetError) as refused:
        sessions_to_score(small_panel, "2012-01-14")
    assert refused.value.hint == "date=2012-01-13, the session before it"


@dataclass(frozen=True)
class Untrained:
    """A fit whose weights are those of its seed."""

    neutralise: bool
    seed: int = 0
    features: tuple[str, ...] = FEATURES

    def load(self) -> AlphaNetModule:
        loss = LossSettings(neutralise=self.neutralise)
        return AlphaNetModule.create(Settings(loss=loss, seed=self.seed)).eval()


@pytest.fixture
def thin_panel(small_panel) -> Panel:
    """Of session 302 a neutralised model's least number of stocks is scorable, of 301 one less."""
    panel = Panel.open(small_panel.path)
    whole, least = panel.read, len(panel.styles) + 2

    def read(name: str, start: int = 0, stop: int | None = None) -> np.ndarray:
        rows = whole(name, start, stop)
        if name == "scorable":
            for session, left in ((301, least - 1), (302, least)):
                if start <= session < start + len(rows):
                    row = rows[session - start]
                    row[np.flatnonzero(row)[left:]] = False
        return rows

    panel.read = read
    return panel


def test_a_date_of_no_more_stocks_than_styles_and_intercept_is_a_gap(thin_panel):
    sessions = np.arange(300, 304)
    counts = score(thin_panel, sessions, [Untrained(neutralise=True)]).groupby("date").size()
    assert counts.index.to_numpy().astype("datetime64[D]").tolist() == (
        thin_panel.dates[[300, 302, 303]].tolist()
    )
    assert counts.iloc[1] == len(thin_panel.styles) + 2


def test_a_model_that_is_not_neutralised_scores_a_thin_date(thin_panel):
    factor = score(thin_panel, np.arange(300, 304), [Untrained(neutralise=False)])
    assert factor["date"].nunique() == 4


def test_by_its_own_statistics_a_date_of_one_stock_is_a_gap(small_panel):
    panel = Panel.open(small_panel.path)
    whole = panel.read

    def read(name: str, start: int = 0, stop: int | None = None) -> np.ndarray:
        rows = whole(name, start, stop)
        if name == "scorable":
            rows[:, np.flatnonzero(rows.all(axis=0))[1:]] = False
            rows[:, ~rows.all(axis=0)] = False
        return rows

    panel.read = read
    fit = [Untrained(neutralise=False)]
    assert score(panel, np.array([301]), fit).shape[0] == 1
    with pytest.raises(PanelError, match="no date can be scored"):
        score(panel, np.array([301]), fit, statistics="own")


def test_a_blends_later_member_has_the_fit_that_a_roll_takes(small_panel, monkeypatch):
    @dataclass(frozen=True)
    class Found:
        seed: int
        asof: str = "2012-01-31"

    trained = {"v2": [Found(1), Found(2)], "ridge": [Found(0), Found(1)]}
    monkeypatch.setattr(predict, "find_fits", lambda one, *_, **__: trained[one.variant])
    settings = load_settings("predict", ["variant=blend", f"data.panel={small_panel.path}"])
    groups = predict._newest(settings, small_panel, small_panel.dates[300])
    assert [[fit.seed for fit in group] for group in groups] == [[1, 2], [1]]
    trained["ridge"] = [Found(5)]
    groups = predict._newest(settings, small_panel, small_panel.dates[300])
    assert [fit.seed for fit in groups[1]] == [5]


def test_where_every_date_is_thin_there_is_no_factor(thin_panel):
    with pytest.raises(PanelError, match="no date can be scored"):
        score(thin_panel, np.array([301]), [Untrained(neutralise=True)])


def test_gaps_are_counted_and_said():
    asked = np.arange("2012-01-02", "2012-01-12", dtype="datetime64[D]")
    assert describe_gaps(asked, np.repeat(asked, 2)) == ""
    assert describe_gaps(asked, asked[[0, 1, 3, 4, 5, 6, 7, 8, 9]]) == (
        "1 of 10 sessions are gaps, with too few scorable stocks: 2012-01-04"
    )
    assert describe_gaps(asked, asked[:2]).endswith("2012-01-08 and 3 more")
