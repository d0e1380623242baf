"""Messages between a session and its engine, over a real socket."""

from __future__ import annotations

import os
import socket
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgml.wire.channel import PATIENCE, Channel, Closed
from pgml.wire.note import Note

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


class Stop(Exception):
    """What a cancelled statement raises."""


@pytest.fixture
def ends():
    """Two sockets that talk to each other."""
    with_each = socket.socketpair()
    yield with_each
    for each in with_each:
        each.close()


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.dictionaries(st.text(), json_values, max_size=3), st.lists(st.binary(), max_size=3)),
        max_size=4,
    )
)
def test_messages_arrive_as_they_were_sent(messages):
    one, other = socket.socketpair()
    sender, receiver = Channel(one), Channel(other)
    for message, attachments in messages:
        sender.send(message, *attachments)
    for message, attachments in messages:
        assert receiver.receive() == (message, [bytearray(each) for each in attachments])
    sender.close()
    with pytest.raises(Closed):
        receiver.receive()
    receiver.close()


def test_attachments_beyond_the_sockets_buffer(ends):
    large = os.urandom(8 << 20)
    asked = threading.Event()
    sender, receiver = Channel(ends[0], asked.set), Channel(ends[1])
    thread = threading.Thread(target=sender.send, args=({"n": 1}, large, b"", memoryview(large)[::1]))
    thread.start()
    assert asked.wait(60), "the session is asked whether to go on"
    message, attachments = receiver.receive()
    thread.join()
    assert message == {"n": 1} and attachments == [large, b"", large]


@pytest.mark.parametrize("doing", ["send", "receive"])
def test_what_waiting_raises_ends_it_at_once(ends, doing):
    def stop():
        raise Stop

    channel = Channel(ends[0], stop)
    waited = []
    while min(waited, default=1) > 10 * PATIENCE and len(waited) < 20:  # a busy machine may let it wait for longer
        started = time.monotonic()
        with pytest.raises(Stop):
            channel.receive() if doing == "receive" else channel.send({}, bytes(8 << 20))
        waited.append(time.monotonic() - started)
    assert min(waited) <= 10 * PATIENCE


def test_sending_in_steps_comes_back_while_nobody_reads(ends):
    large = os.urandom(8 << 20)
    sender, receiver = Channel(ends[0], lambda: None), Channel(ends[1])
    steps = sender.sending({"n": 1}, large)
    for _ in range(3):  # or it waits for ever
        next(steps)
    received = []
    thread = threading.Thread(target=lambda: received.extend(receiver.receive()))
    thread.start()
    for _ in steps:
        pass
    thread.join()
    assert received == [{"n": 1}, [large]]


def test_an_end_is_known_once_all_was_received(ends):
    one, other = Channel(ends[0]), Channel(ends[1])
    assert not other.ended
    one.send({})
    one.close()
    assert not other.ended
    other.receive()
    assert other.ended


def test_an_end_that_did_not_read_everything_is_known_too(ends):
    one, other = Channel(ends[0]), Channel(ends[1])
    other.send({})
    one.close()
    assert other.ended


@pytest.mark.parametrize("after", [0, 1, 15, 16, 17, 18])
def test_an_end_in_the_middle_of_a_message_is_noticed(ends, after):
    whole = socket.socketpair()
    Channel(whole[0]).send({}, b"attached")
    written = whole[1].recv(1000)
    ends[0].sendall(written[:after])
    ends[0].close()
    with pytest.raises(Closed):
        Channel(ends[1]).receive()
    for each in whole:
        each.close()


def test_sending_to_nobody_is_noticed(ends):
    ends[1].close()
    with pytest.raises(Closed):
        Channel(ends[0]).send({}, bytes(1 << 20))


def test_ready_tells_whether_something_has_come(ends):
    one, other = Channel(ends[0]), Channel(ends[1])
    assert not other.ready(0)
    one.send({})
    assert other.ready(1)
    other.receive()
    one.close()
    assert other.ready(1), "an end that is gone is noticed when it is received from"


def test_a_line_whose_number_select_does_not_know():
    """A backend with many relations open has descriptors beyond 1023."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, limits[1]), limits[1]))
    ours, theirs = socket.socketpair()
    try:
        with theirs, socket.socket(fileno=os.dup2(ours.fileno(), 2000)) as high:
            channel = Channel(high)
            assert not channel.ready(0)
            theirs.send(b"x")
            assert channel.ready(1)
    finally:
        ours.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize("written", [b"", b"\x00\x00", b"\x00\x00\x00\x20[", b"\x00\x00\x00\x06[\"fit\"", b"\x7f\xff\xff\xff" + b"x" * 99])
def test_a_note_that_is_being_written_reads_as_none(written):
    """What it raised would take the place of the cancel request that the session was about to act on."""
    note = Note()
    os.pwrite(note.descriptor, written, 0)
    assert note.read() == ("", "")
    note.close()
