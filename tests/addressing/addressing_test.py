"""The addresses of docker-compose.yml, without containers: a network namespace for each machine.

A bridge joins the namespaces of a NameNode, three DataNodes and a client, as a containers' network
does. A further namespace is the machine that runs the containers: a relay there takes connections to
localhost:8000 … 8003 to the servers, as published ports do. The DataNodes register localhost:800N for
clients and their own address for each other. So from the machine the client addresses work; from the
client's namespace they lead nowhere; from a DataNode's own they lead to the wrong DataNode.

Where namespaces cannot be made the test says so and is skipped.
"""

import subprocess
import sys

import machines
import namespaces

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


class Addressing(machines.Machines):
    addresses = ADDRESSES

    def setUp(self):
        super().setUp()
        self.start_namenode()
        for n in (1, 2, 3):
            self.start_datanode(f"d{n}", f"localhost:800{n}", "--peer-advertise",
                                f"{ADDRESSES[f'd{n}']}:8001", "--host", f"datanode{n}")
        relay = self.network.start(
            "host", sys.executable, "-c", RELAY, f"8000:{ADDRESSES['nn']}:8000",
            *(f"800{n}:{ADDRESSES[f'd{n}']}:8001" for n in (1, 2, 3)),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.assertEqual(relay.stdout.readline(), "ready\n")
        self.write("file", 3 << 20)
        put = ("put", "-f", self.path("file"), "/ready")
        self.wait_until("the cluster is ready",
                        lambda: self.from_machine("host", *put, check=False).returncode == 0, 60)

    def from_machine(self, where, *arguments, **options):
        meta = "http://localhost:8000" if where == "host" else None
        return self.dfs(where, *arguments, meta=meta, **options)

    def test_a_put_and_a_get_work_from_the_machine_from_a_container_and_from_a_datanode(self):
        for where in ("host", "client", "d1", "d2"):
            with self.subTest(where=where):
                self.from_machine(where, "put", "-r", "3", self.path("file"), f"/{where}")
        for where in ("host", "client", "d1", "d3"):
            for name in ("host", "client", "d1", "d2"):
                with self.subTest(where=where, name=name):
                    self.from_machine(where, "get", "-f", f"/{name}", self.path("back"))
                    self.assert_equal_files("file", "back")


if __name__ == "__main__":
    namespaces.run()
