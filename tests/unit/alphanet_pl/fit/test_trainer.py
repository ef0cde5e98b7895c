from alphanet_pl.fit.trainer import RankOrderDDP, _strategy
from alphanet_pl.job.world import World


def test_several_processes_add_in_that_order():
    assert isinstance(_strategy(World(per_node=4)), RankOrderDDP)
