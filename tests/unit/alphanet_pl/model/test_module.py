"""What a step of the module measures."""

import numpy as np
import pytest
import statsmodels.api as sm
import torch
from scipy.stats import spearmanr

from alphanet_pl.config.compose import load_settings
from alphanet_pl.model.module import AlphaNetModule
from datamodules.batches.datamodule import CrossSectionDataModule


def test_a_neutralised_fit_is_validated_by_the_rankic_of_what_it_publishes(
    small_panel, monkeypatch
):
    """Which is the residual of the prediction on the styles, and no longer the prediction."""
    settings = load_settings("train", ["variant=v2.2", "data.in_sample_days=200"])
    module = AlphaNetModule.create(settings).eval()
    monkeypatch.setattr(module, "log", lambda *args, **kwargs: None)
    data = CrossSectionDataModule(
        small_panel, settings.data, 280, 0, with_styles=True, windows=module.takes
    )
    data.setup("fit")
    published, raw = [], []
    with torch.no_grad():
        for place in range(3):
            batch = data.validation[place]
            module.validation_step(batch, place)
            prediction = module(batch.inputs).double().numpy()
            styles = small_panel.read("styles", int(batch.date[0]), int(batch.date[0]) + 1)[0]
            stocks = data.validation.stocks[place]
            known = np.nan_to_num(styles[stocks].astype(float))
            known = known[:, known.any(axis=0)]  # a style may be absent
            residual = sm.OLS(prediction, sm.add_constant(known)).fit().resid
            for found, scores in ((published, residual), (raw, prediction)):
                found.append(spearmanr(scores, batch.label).statistic)
    measured = float(module._val_rank_ic.compute())
    assert measured == pytest.approx(np.mean(published), abs=1e-4)
    assert measured != pytest.approx(np.mean(raw), abs=1e-3)
