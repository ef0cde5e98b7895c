"""What a factor says: ranks, neutralisation, RankIC, exposures, coverage."""
