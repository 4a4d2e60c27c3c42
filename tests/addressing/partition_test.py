"""Machines that are cut off from one another: real servers, each in a network namespace of its own.

Packets vanish between some pair of machines, in one direction or both, while every other pair goes on
talking. Puts and gets must succeed all the same, and after the mending every block gets its copies.
Where namespaces cannot be made the test says so and is skipped.
"""

import json

import machines
import namespaces

DATANODES = ("d1", "d2", "d3", "d4")
ADDRESSES = {"nn": "10.77.14.10", "client": "10.77.14.20", "host": "10.77.14.1",
             **{name: f"10.77.14.1{i}" for i, name in enumerate(DATANODES, 1)}}
HEALS_WITHIN = 90
FILES = 4
SIZE = (1 << 20) + 1000  # two blocks


class MachinesCutOff(machines.Machines):
    addresses = ADDRESSES

    def setUp(self):
        super().setUp()
        self.start_namenode("--dead-after", "4s", "--block-size", "1M")
        for name in DATANODES:
            self.start_datanode(name, f"{ADDRESSES[name]}:8001", "--host", name)
        self.wait_until("the cluster is there", lambda: self.states() == ["live"] * 4, 60)
        self.put("before")

    def client(self, *arguments, check=True):
        return self.dfs("client", *arguments, retries=60, check=check)

    def states(self):
        done = self.client("admin", "report", "--json", check=False)
        if done.returncode != 0:
            return []
        return [n["state"] if n["reported"] or n["state"] == "dead" else "silent"
                for n in json.loads(done.stdout)["nodes"]]

    def healthy(self):
        counts = json.loads(self.client("admin", "fsck", "/", "--json", check=False).stdout)
        return all(counts[k] == 0 for k in ("under_replicated", "corrupt", "missing"))

    # Files.

    def names(self, group):
        return [f"{group}{i}" for i in range(FILES)]

    def put(self, group):
        for name in self.names(group):
            self.write(name, SIZE)
        self.client("put", *[self.path(name) for name in self.names(group)], "/")

    def get(self, group):
        for name in self.names(group):
            self.client("get", "-f", f"/{name}", self.path("back"))
            self.assert_equal_files(name, "back")

    def goes_on_and_heals(self, *lost, dead=()):
        """Cuts the (source, target) pairs, uses the cluster, and mends them."""
        for pair in lost:
            self.network.cut(*pair)
        self.put("during")
        self.get("before")
        self.get("during")
        if dead:
            expected = sorted("dead" if name in dead else "live" for name in DATANODES)
            self.wait_until("the death is declared",
                            lambda: sorted(self.states()) == expected, 60)
            self.wait_until("the others have the copies", self.healthy, HEALS_WITHIN)
        for pair in lost:
            self.network.mend(*pair)
        self.wait_until("all are back", lambda: self.states() == ["live"] * 4, HEALS_WITHIN)
        self.wait_until("every block has its copies", self.healthy, HEALS_WITHIN)
        self.put("after")
        for group in ("before", "during", "after"):
            self.get(group)

    def test_two_datanodes_from_each_other(self):
        self.goes_on_and_heals(("d1", "d2"), ("d2", "d1"))

    def test_a_datanode_from_another_in_one_direction(self):
        self.goes_on_and_heals(("d1", "d2"))

    def test_a_datanode_from_all_others(self):
        others = ("d2", "d3", "d4")
        self.goes_on_and_heals(*[("d1", o) for o in others], *[(o, "d1") for o in others])

    def test_a_datanode_from_the_namenode(self):
        self.goes_on_and_heals(("d1", "nn"), ("nn", "d1"), dead=("d1",))

    def test_a_datanode_that_hears_the_namenode_and_is_not_heard(self):
        self.goes_on_and_heals(("d1", "nn"), dead=("d1",))

    def test_a_datanode_that_is_heard_by_the_namenode_and_hears_nothing(self):
        self.goes_on_and_heals(("nn", "d1"), dead=("d1",))

    def test_a_datanode_from_the_client(self):
        self.goes_on_and_heals(("client", "d1"), ("d1", "client"))


if __name__ == "__main__":
    namespaces.run()
