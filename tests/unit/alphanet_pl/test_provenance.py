import re

import torch

from alphanet_pl.provenance import git_commit, versions


def test_versions_name_what_decides_the_numbers():
    found = versions()
    assert found["torch"] == torch.__version__
    assert {"alphanet-pl", "python", "lightning", "numpy", "zarr"} <= set(found)


def test_the_commit_is_a_full_hash_or_unknown():
    commit = git_commit()
    assert commit is None or re.fullmatch(r"[0-9a-f]{40}(-dirty)?", commit)
