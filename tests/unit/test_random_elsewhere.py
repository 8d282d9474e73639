"""Properties hold still when a thread of another test draws on `random` in the middle of theirs."""

import random
from threading import Thread

from hypothesis import given, settings
from hypothesis import strategies as st


def meanwhile(number):
    thread = Thread(target=random.random)
    thread.start()
    thread.join()
    return number


DRAWN = st.integers(0, 9).map(meanwhile)


@settings(max_examples=5)
@given(DRAWN, st.data())
def test_a_draw_of_another_thread_is_no_fault_of_the_strategy(number, data):
    assert 0 <= number <= 9
    assert 0 <= data.draw(DRAWN) <= 9
