"""What the page promises of its bounds: whoever changes one must change it here too."""

from glassnet.page import form, inside, limits, nudge, process, timeline, training


def test_what_a_browser_may_ask_for() -> None:
    assert (form.MOST_PARAMETERS, form.MOST_BATCH, form.MOST_LAYERS, form.MOST_EPOCHS) == (5_000_000, 4_096, 32, 1_000)
    assert (form.MOST_NUMBER, form.MOST_VALUES, form.MOST_BYTES) == (1e9, 2_000_000, 2**30)
    assert (inside.MOST_UNITS, inside.MOST_VALUES, inside.MOST_PLACES, nudge.MOST) == (256, 300_000, 64, 1e6)
    assert (limits.CHANGES, training.MOST_WAITING) == (1_000, 100)


def test_what_a_browser_may_send() -> None:
    assert (limits.REQUEST, limits.MESSAGE, limits.PICTURE) == (16_384, 65_536, 16_777_216)
    assert (limits.SOCKET, limits.DEPTH) == (2 * limits.PICTURE, 20)
    assert (limits.MESSAGES_A_SECOND, limits.MESSAGES_AT_ONCE, limits.ASKS_AT_WORK) == (100, 200, 8)


def test_what_is_kept_and_for_how_long() -> None:
    assert (timeline.MEMORY, timeline.STEPS, training.MOST_POINTS) == (256 * 2**20, 50_000, 50_000)
    assert (limits.SESSIONS, limits.CONNECTIONS, limits.DECODING) == (8, 128, 1)
    assert (limits.AWAY, limits.HELLO, limits.REQUESTING) == (600, 10, 30)
    assert limits.STOPPING < 2
    assert sum(process.SECONDS) < limits.STOPPING
