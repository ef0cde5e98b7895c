"""Which sessions a factor is judged on."""

import numpy as np
import pytest

from alphanet_pl.evaluation.signal.cross_sections import spaced


@pytest.mark.parametrize(
    ("scored", "expected"),
    [
        (range(3, 40), [3, 13, 23, 33]),
        (range(0, 40, 5), [0, 10, 20, 30]),
        (range(0, 80, 21), [0, 21, 42, 63]),
        (range(0, 40, 7), [0, 14, 28]),
        ([4, 5, 17, 26, 27, 90], [4, 17, 27, 90]),
        ([*range(10), *range(11, 40)], [0, 20, 30]),
        ([], []),
    ],
)
def test_a_section_is_a_scored_session_a_step_or_more_after_the_one_before(scored, expected):
    assert spaced(np.array([*scored]), 10).tolist() == expected
