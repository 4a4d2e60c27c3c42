"""TCP proxies that fail as networks do, for servers that are reached through them only.

A link leads from a port of the proxy to a server's. Each connection over a link draws its fate when it
is made: none, or one of FATES (with its weight), which strikes one of its directions after so many bytes. A link can be
severed too, in one direction or both: what it carries then vanishes, and neither end is told.

One thread serves all links. Fates come from one generator, in the order in which connections are made:
a seed gives the same storm, not the same run.

What it does not do: refuse connections (a server that is down does), corrupt or reorder bytes (TCP does
not), lose a packet (to TCP that is a delay).
"""
import collections
import dataclasses
import random
import selectors
import socket
import struct
import threading
import time

PIECE = 1 << 16
MOST_HELD = 1 << 20  # bytes in a direction, before its sender has to wait
TO_SERVER, TO_CLIENT = 0, 1


@dataclasses.dataclass
class Fate:
    kind: str
    direction: int
    after: int = 0  # bytes of its direction that pass first
    amount: float = 0  # seconds of a delay, bytes a second of a trickle
    struck: bool = False


FATES = {"delay": 2,  # what follows comes late, in order
         "trickle": 2,  # what follows comes slowly
         "swallow": 1,  # what follows vanishes, the end of the stream included: half open
         "truncate": 3,  # the stream ends there in good order, at both ends
         "cut": 3}  # both ends are reset


def reset(s):
    """Closes with a reset instead of an end of the stream."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


class Pipe:
    """One direction of a connection."""

    def __init__(self, source, target):
        self.source = source
        self.target = target
        self.fate = None
        self.passed = 0  # bytes taken from the source
        self.held = collections.deque()  # (due, bytes)
        self.bytes_held = 0
        self.ended = False  # the source has sent all
        self.swallows = False
        self.closed = False  # the target has been told of the end

    def suffers(self, kind):
        return self.fate is not None and self.fate.struck and self.fate.kind == kind


class Connection:
    def __init__(self, link, client, server, fate):
        self.link = link
        self.pipes = (Pipe(client, server), Pipe(server, client))
        self.client_gone = False
        if fate:
            self.pipes[fate.direction].fate = fate

    @property
    def client(self):
        return self.pipes[TO_SERVER].source

    @property
    def server(self):
        return self.pipes[TO_CLIENT].source


class Link:
    def __init__(self, port, target, odds, bytes_before):
        self.target = target
        self.odds = odds
        self.bytes_before = bytes_before
        self.listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.listener.setblocking(False)
        self.connections = set()
        self.severed = ()  # directions


class Proxy:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.links = {}
        self.struck = collections.Counter()
        self.lock = threading.Lock()
        self.selector = selectors.DefaultSelector()
        self.waker, woken = socket.socketpair()
        self.selector.register(woken, selectors.EVENT_READ)
        self.woken = woken
        self.ending = False
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def link(self, name, port, target_port, odds, bytes_before):
        """A new link, both ports on the loopback interface. Of `odds` of its connections the fate is
        a bad one; it strikes before so many bytes have passed."""
        with self.lock:
            made = Link(port, ("127.0.0.1", target_port), odds, bytes_before)
            self.links[name] = made
            self.selector.register(made.listener, selectors.EVENT_READ, made)
        self.wake()

    def sever(self, name, directions):
        """From now on nothing passes in these directions."""
        with self.lock:
            link = self.links[name]
            link.severed = directions
            for connection in link.connections:
                for direction in directions:
                    connection.pipes[direction].swallows = True

    def mend(self, name):
        """New connections pass; those that have lost something are broken and stay so."""
        with self.lock:
            self.links[name].severed = ()

    def cut(self, name):
        with self.lock:
            for connection in list(self.links[name].connections):
                self.break_off(connection)
        self.wake()

    def calm(self):
        """The end of all faults: every connection that had one is cut."""
        with self.lock:
            for link in self.links.values():
                link.odds = 0
                link.severed = ()
                for connection in list(link.connections):
                    if any(p.fate or p.swallows for p in connection.pipes):
                        self.break_off(connection)
        self.wake()

    def quiet(self, name):
        """No connection of this link, whose clients have all ended, can bring its server anything
        any more, and what it brought has been answered."""
        with self.lock:
            link = self.links[name]
            self.accept(link)
            return all(c.client_gone and c.pipes[TO_SERVER].swallows for c in link.connections)

    def close(self):
        self.ending = True
        self.wake()
        self.thread.join()
        for link in self.links.values():
            for connection in list(link.connections):
                self.forget(connection)
            link.listener.close()
        self.selector.close()
        self.waker.close()
        self.woken.close()

    # What follows runs under the lock.

    def wake(self):
        self.waker.send(b"x")

    def serve(self):
        wait = None
        while not self.ending:
            events = self.selector.select(wait)
            with self.lock:
                for key, _ in events:
                    if key.fileobj is self.woken:
                        self.woken.recv(4096)
                    elif isinstance(key.data, Link):
                        self.accept(key.data)
                due = [at for link in self.links.values() for c in list(link.connections)
                       if (at := self.pump(c)) is not None]
            wait = max(0.001, min(due) - time.monotonic()) if due else None

    def accept(self, link):
        while True:
            try:
                client = link.listener.accept()[0]
            except BlockingIOError:
                return
            try:
                server = socket.create_connection(link.target, 2)
            except OSError:
                reset(client)
                continue
            connection = Connection(link, client, server, self.draw(link))
            for s in (client, server):
                s.setblocking(False)
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.selector.register(s, selectors.EVENT_READ, connection)
            for direction in link.severed:
                connection.pipes[direction].swallows = True
            link.connections.add(connection)

    def draw(self, link):
        if self.random.random() >= link.odds:
            return None
        kind, = self.random.choices(*zip(*FATES.items()))
        direction = self.random.randrange(2)
        after = int(link.bytes_before ** self.random.random()) - 1
        amount = self.random.uniform(0.05, 2)
        return Fate(kind, direction, after, 100_000 * amount if kind == "trickle" else amount)

    def pump(self, connection):
        """Moves what can be moved now; when it is to be called again without an event, if so."""
        due = []
        for pipe in connection.pipes:
            self.read(connection, pipe)
            at = self.write(connection, pipe)
            if connection not in connection.link.connections:
                return None
            if at is not None:
                due.append(at)
        if connection.client_gone and connection.pipes[TO_CLIENT].ended:
            self.forget(connection)  # also if what it said last was swallowed
            return None
        self.watch(connection)
        return min(due, default=None)

    def read(self, connection, pipe):
        while not pipe.ended and pipe.bytes_held < MOST_HELD:
            room = PIECE
            if pipe.fate and not pipe.fate.struck:
                room = min(room, pipe.fate.after - pipe.passed)
            if room == 0:
                self.strike(connection, pipe)
                continue
            try:
                data = pipe.source.recv(room)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                pipe.ended = True
                if pipe.source is connection.client:
                    connection.client_gone = True
                return
            pipe.passed += len(data)
            if not pipe.swallows and not self.lost(connection, pipe):
                pipe.held.append((self.due(pipe, len(data)), data))
                pipe.bytes_held += len(data)

    def lost(self, connection, pipe):
        """An answer that nobody waits for."""
        return pipe.target is connection.client and connection.client_gone

    def strike(self, connection, pipe):
        """The fate's moment has come."""
        pipe.fate.struck = True
        self.struck[pipe.fate.kind] += 1
        if pipe.fate.kind == "cut":
            self.break_off(connection)
        elif pipe.fate.kind == "truncate":
            pipe.ended = True  # what had passed arrives first
        elif pipe.fate.kind == "swallow":
            pipe.swallows = True

    def due(self, pipe, size):
        now = time.monotonic()
        if pipe.suffers("delay"):
            return now + pipe.fate.amount
        if pipe.suffers("trickle"):
            before = pipe.held[-1][0] if pipe.held else now
            return max(before, now) + size / pipe.fate.amount
        return now

    def write(self, connection, pipe):
        """When the next piece is due, if it is not yet."""
        while pipe.held:
            at, data = pipe.held[0]
            if at > time.monotonic():
                return at
            try:
                sent = pipe.target.send(data)
            except BlockingIOError:
                return None
            except OSError:
                self.lose(connection, pipe)
                return None
            pipe.bytes_held -= sent
            pipe.held[0] = (at, data[sent:])
            if sent == len(data):
                pipe.held.popleft()
        if pipe.ended and not pipe.closed and not pipe.swallows:
            pipe.closed = True
            self.end(connection, pipe)
        return None

    def lose(self, connection, pipe):
        """The target takes no more."""
        if pipe.target is connection.server:
            return self.forget(connection)
        connection.client_gone = True
        pipe.held.clear()
        pipe.bytes_held = 0

    def end(self, connection, pipe):
        if pipe.suffers("truncate"):
            return self.break_off(connection, in_order=True)
        if pipe.source is connection.server:
            return self.forget(connection)
        try:
            pipe.target.shutdown(socket.SHUT_WR)
        except OSError:
            self.forget(connection)

    def break_off(self, connection, in_order=False):
        """The client's side is closed. The server only sees an end: so that it has closed its side
        means that it has done all it was asked (see quiet())."""
        connection.client_gone = True
        up, down = connection.pipes
        up.ended = True
        up.closed = False
        up.fate = down.fate = None
        up.swallows = down.swallows = False
        for pipe in connection.pipes:
            pipe.held.clear()
            pipe.bytes_held = 0
        if connection.client.fileno() >= 0:
            if connection.client in self.selector.get_map():
                self.selector.unregister(connection.client)
            connection.client.close() if in_order else reset(connection.client)

    def watch(self, connection):
        """What the selector shall wake for."""
        for pipe, other in (connection.pipes, connection.pipes[::-1]):
            s = pipe.source  # `other` writes to it
            if s.fileno() < 0:
                continue
            mask = 0
            if not pipe.ended and pipe.bytes_held < MOST_HELD:
                mask |= selectors.EVENT_READ
            if other.held and other.held[0][0] <= time.monotonic():
                mask |= selectors.EVENT_WRITE
            key = self.selector.get_map().get(s)
            if key is None and mask:
                self.selector.register(s, mask, connection)
            elif key is not None and not mask:
                self.selector.unregister(s)
            elif key is not None and key.events != mask:
                self.selector.modify(s, mask, connection)

    def forget(self, connection):
        connection.link.connections.discard(connection)
        for s in (connection.client, connection.server):
            if s.fileno() < 0:
                continue
            if s in self.selector.get_map():
                self.selector.unregister(s)
            s.close()
