"""A cluster whose every connection leads through a faulty proxy, and whose processes are killed.

Several clients put, write over, get, rename and remove meanwhile, and check what they find (see
storm_clients.py for what that is). In the end the network is calmed and all servers are started, and
within a stated time everything that was acknowledged is there, every block has its copies, and nothing
that was removed has come back.

About a minute; DFS_ACCEPTANCE=full is some minutes. DFS_STORM_SEED=N repeats the faults of a seed, which
is printed; what else happens at the time depends on the machine.
"""
import json
import os
import random
import time
import unittest

from harness import DFS, Cluster, OfACluster, free_ports, wait_until
from proxy import TO_CLIENT, TO_SERVER, Proxy
from storm_clients import Client, Register

FULL = os.environ.get("DFS_ACCEPTANCE") == "full"
STORM_SECONDS = 300 if FULL else 40
HEALS_WITHIN = 90  # seconds from the end of the faults until every block has its copies
LEASE_ENDS_WITHIN = 120
CLIENTS = 6
# How often a connection has a bad fate, and how many bytes may pass before it strikes.
CONTROL = (0.4, 1 << 12)
DATA = (0.12, 1 << 21)


class StormyCluster(Cluster):
    """Its servers reach each other, and clients reach them, through links of a proxy only:
    "client-1 > namenode", "datanode-1 > namenode", "clients > datanode-1", "peers > datanode-1"."""

    def __init__(self, datanodes, seed, *flags):
        self.seed = seed
        super().__init__(datanodes, *flags)

    def start(self):
        self.proxy = Proxy(self.seed)
        ports = iter(range(first := free_ports(40), first + 40))
        self.port = next(ports)
        self.meta = f"http://127.0.0.1:{self.port}"

        def link(name, target, kind):
            self.proxy.link(name, port := next(ports), target, *kind)
            return f"127.0.0.1:{port}"

        self.commands["namenode"] = [
            DFS, "namenode", "--data", os.path.join(self.dir, "namenode"), "--listen",
            f"127.0.0.1:{self.port}", "--replication", "3", *self.flags]
        self.client_meta = {f"client-{i}": link(f"client-{i} > namenode", self.port, CONTROL)
                            for i in range(1, CLIENTS + 1)}
        for name in self.names()[1:]:
            port = next(ports)
            self.commands[name] = [
                DFS, "datanode", "--data", os.path.join(self.dir, name), "--listen",
                f"127.0.0.1:{port}", "--host", name,
                "--meta", "http://" + link(f"{name} > namenode", self.port, CONTROL),
                "--advertise", link(f"clients > {name}", port, DATA),
                "--peer-advertise", link(f"peers > {name}", port, DATA)]
        for name in self.names():
            os.makedirs(os.path.join(self.dir, name))
            self.restart(name)
        wait_until("the DataNodes are there", lambda: self.run(
            "admin", "report", check=False).returncode == 0
            and len(self.report()["nodes"]) == self.datanodes and self.reported(), 60)

    def log(self):
        """The last that each server said."""
        said = []
        for name in self.names():
            with open(os.path.join(self.folder, f"{name}.log"), errors="replace") as f:
                said += [f"{name}: {line}" for line in f.read().splitlines()[-6:]]
        return "\n".join(said)

    def close(self):
        super().close()
        self.proxy.close()


class AStormOverACluster(OfACluster):
    datanodes = 4
    flags = ("--dead-after", "4s", "--block-size", "1M")

    def make(self):
        self.seed = int(os.environ.get("DFS_STORM_SEED") or random.SystemRandom().randrange(10**6))
        print(f"DFS_STORM_SEED={self.seed}", flush=True)
        self.random = random.Random(self.seed)
        self.journal = []
        self.begun = time.monotonic()
        return StormyCluster(self.datanodes, self.seed, *self.flags)

    def note(self, text):
        self.journal.append(f"{time.monotonic() - self.begun:8.3f} {text}")

    def make_client(self, name):
        c = self.cluster
        meta = "http://" + c.client_meta[name]
        return Client(name, self.seed,
                      lambda *a: [DFS, *a, "--meta", meta, "--retry-limit", "25"],
                      lambda: c.proxy.quiet(f"{name} > namenode"), c.folder, self.registers, self.note)

    def test_loses_nothing_that_was_acknowledged_and_it_heals_when_it_is_over(self):
        c = self.cluster
        self.registers = {"/shared/a": Register(), "/shared/b": Register()}
        clients = [self.make_client(name) for name in c.client_meta]
        for path in ["/shared", *(f"/{client.name}" for client in clients)]:
            c.run("mkdir", path)
        try:
            for client in clients:
                client.start()
            self.storm(clients)
            self.calm()
            for client in clients:
                client.ending = True
            calmed = time.monotonic()
            for client in clients:
                client.join()
            failures = [f"{client.name}: {client.failure}" for client in clients if client.failure]
            self.assertEqual(failures, [])
            wait_until("every block has its copies", c.healthy,
                       max(1, HEALS_WITHIN - (time.monotonic() - calmed)))
            self.note("healthy")
            for client in clients:
                client.check_all()
                self.assertIsNone(client.failure)
            written = self.only(clients)
            if FULL and written:  # leases end after a minute
                wait_until("nothing else is there", lambda: not self.only(clients),
                           LEASE_ENDS_WITHIN)
        except BaseException:
            print("\n".join(self.journal), c.log(), sep="\n", flush=True)
            raise
        finally:
            for client in clients:
                client.ending = True
            self.calm()
            for client in clients:
                client.join()
        done = sum(client.acknowledged for client in clients)
        print(f"{done} commands done, {sum(client.unknown for client in clients)} of unknown outcome, "
              f"faults: {dict(sorted(c.proxy.struck.items()))}, kills: {self.kills}", flush=True)
        self.assertGreater(done, CLIENTS)

    def only(self, clients):
        """What is listed is what is expected, but for files that are being written: those."""
        listed = json.loads(self.cluster.run("find", "/", "--type", "f", "--json").stdout)["entries"]
        expected = {path for client in clients for path in client.files}
        found = {entry["path"] for entry in listed if not entry["under_construction"]}
        back = {p for p in found if not p.startswith("/shared/")} ^ expected
        self.assertEqual(back, set(), "removed and back, or acknowledged and gone")
        return [entry["path"] for entry in listed if entry["under_construction"]]

    # The storm.

    def storm(self, clients):
        """One misfortune after the other, each mended after a while."""
        self.down = {}  # process: when it is started again
        self.severed = {}  # link: when it is mended
        self.kills = 0
        end = time.monotonic() + STORM_SECONDS
        while time.monotonic() < end and not any(client.failure for client in clients):
            self.mend_due(time.monotonic())
            self.random.choices((self.kill, self.sever, self.cut), (3, 3, 2))[0]()
            time.sleep(self.random.uniform(0.2, 1.5))

    def kill(self):
        name = self.random.choice(self.cluster.names())
        lasts = self.random.uniform(0.1, 7)
        if name in self.down or len(self.down) == 2:
            return
        self.note(f"kill -9 {name} for {lasts:.1f} s")
        self.cluster.kill(name)
        self.kills += 1
        self.down[name] = time.monotonic() + lasts

    def sever(self):
        link = self.random.choice(sorted(self.cluster.proxy.links))
        directions = self.random.choice(((TO_SERVER,), (TO_CLIENT,), (TO_SERVER, TO_CLIENT)))
        lasts = self.random.uniform(0.5, 6)
        if link in self.severed or len(self.severed) == 3:
            return
        self.note(f"sever {link}, directions {directions}, for {lasts:.1f} s")
        self.cluster.proxy.sever(link, directions)
        self.severed[link] = time.monotonic() + lasts

    def cut(self):
        link = self.random.choice(sorted(self.cluster.proxy.links))
        self.note(f"cut {link}")
        self.cluster.proxy.cut(link)

    def mend_due(self, now):
        for name in [n for n, at in self.down.items() if at <= now]:
            del self.down[name]
            self.note(f"start {name}")
            self.cluster.restart(name)
        for link in [n for n, at in self.severed.items() if at <= now]:
            del self.severed[link]
            self.note(f"mend {link}")
            self.cluster.proxy.mend(link)

    def calm(self):
        self.note("calm")
        self.mend_due(float("inf"))
        self.cluster.proxy.calm()


if __name__ == "__main__":
    unittest.main(verbosity=2)
