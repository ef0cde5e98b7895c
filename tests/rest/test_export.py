"""The network as an exported program: its arithmetic without our code, for any number of stocks."""

import torch

from alphanet_pl.model.fused import FusedAlphaNet


def pictures(stocks: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(stocks)
    return torch.randn(stocks, 15, 30, generator=generator).exp()


def test_the_exported_program_agrees_at_two_batch_sizes():
    network = FusedAlphaNet(n=8, seed=7, momentum=0.5)
    network(pictures(90))  # norms that are no longer the identity
    network.eval()
    stocks = torch.export.Dim("stocks", min=2)
    exported = torch.export.export(network, (pictures(20),), dynamic_shapes=({0: stocks},))
    for count in (7, 41):
        result = exported.module()(pictures(count))
        torch.testing.assert_close(result, network(pictures(count)), rtol=1e-5, atol=1e-6)
