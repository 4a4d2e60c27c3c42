"""The addresses of docker-compose.yml, without containers: a network namespace for each machine.

A bridge joins the namespaces of a NameNode, three DataNodes and a client, as a containers' network
does. A further namespace is the machine that runs the containers: a relay there takes connections to
localhost:8000 … 8003 to the servers, as published ports do. The DataNodes register localhost:800N for
clients and their own address for each other. So from the machine the client addresses work; from the
client's namespace they lead nowhere; from a DataNode's own they lead to the wrong DataNode.

Where namespaces cannot be made the test says so and is skipped.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import namespaces

DFS = os.path.abspath(os.environ.get("DFS_PROGRAM", "build/bin/dfs"))
ADDRESSES = {"nn": "10.77.13.10", "d1": "10.77.13.11", "d2": "10.77.13.12", "d3": "10.77.13.13",
             "client": "10.77.13.20", "host": "10.77.13.1"}
RELAY = """
import os, socket, sys, threading
def pump(a, b):
    try:
        while data := a.recv(1 << 16):
            b.sendall(data)
    except OSError:
        pass
    for s in (a, b):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
def serve(listener, target):
    while True:
        a = listener.accept()[0]
        try:
            b = socket.create_connection(target, 5)
        except OSError:
            a.close()
            continue
        for pair in ((a, b), (b, a)):
            threading.Thread(target=pump, args=pair, daemon=True).start()
for mapping in sys.argv[1:]:
    port, host, target = mapping.split(":")
    listener = socket.create_server(("127.0.0.1", int(port)))
    threading.Thread(target=serve, args=(listener, (host, int(target))), daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
"""


class Addressing(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="dfs-addressing-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.network = namespaces.Network(ADDRESSES)
        self.addCleanup(self.network.close)
        log = open(os.path.join(self.folder, "log"), "wb")
        self.addCleanup(log.close)
        self.network.start("nn", DFS, "namenode", "--data", self.path("nn"), "--listen",
                           "0.0.0.0:8000", stdout=log, stderr=log)
        for n in (1, 2, 3):
            self.network.start(f"d{n}", DFS, "datanode", "--data", self.path(f"d{n}"), "--meta",
                               f"http://{ADDRESSES['nn']}:8000", "--listen", "0.0.0.0:8001",
                               "--advertise", f"localhost:800{n}", "--peer-advertise",
                               f"{ADDRESSES[f'd{n}']}:8001", "--host", f"datanode{n}",
                               stdout=log, stderr=log)
        relay = self.network.start(
            "host", sys.executable, "-c", RELAY, f"8000:{ADDRESSES['nn']}:8000",
            *(f"800{n}:{ADDRESSES[f'd{n}']}:8001" for n in (1, 2, 3)),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.assertEqual(relay.stdout.readline(), "ready\n")
        with open(self.path("file"), "wb") as file:
            file.write(os.urandom(3 << 20))
        end = time.monotonic() + 60
        while self.dfs("host", "put", "-f", self.path("file"), "/ready", check=False) != 0:
            self.assertLess(time.monotonic(), end, "the cluster does not become ready")
            time.sleep(0.2)

    def path(self, name):
        return os.path.join(self.folder, name)

    def dfs(self, where, *arguments, check=True):
        meta = "http://localhost:8000" if where == "host" else f"http://{ADDRESSES['nn']}:8000"
        done = subprocess.run(
            self.network.command(where, DFS, *arguments, "--meta", meta, "--retry-limit", "20"),
            capture_output=True, text=True)
        if check:
            self.assertEqual(done.returncode, 0, f"{where}: dfs {arguments}: {done.stderr}")
        return done.returncode

    def test_a_put_and_a_get_work_from_the_machine_from_a_container_and_from_a_datanode(self):
        for where in ("host", "client", "d1", "d2"):
            with self.subTest(where=where):
                self.dfs(where, "put", "-r", "3", self.path("file"), f"/{where}")
        for where in ("host", "client", "d1", "d3"):
            for name in ("host", "client", "d1", "d2"):
                with self.subTest(where=where, name=name):
                    self.dfs(where, "get", "-f", f"/{name}", self.path("back"))
                    with open(self.path("file"), "rb") as a, open(self.path("back"), "rb") as b:
                        self.assertEqual(a.read(), b.read())


if __name__ == "__main__":
    namespaces.run()
