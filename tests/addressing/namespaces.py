"""Machines of a test: network namespaces, joined by a bridge in one of them.

Needs root and `ip netns`: run() reports a test as skipped where namespaces cannot be made. Nothing is
left of them after close(), and nothing outside of them is touched.
"""

import os
import subprocess
import sys
import unittest

SKIPPED = 77  # ctest's exit status for it
PREFIX = f"dfs{os.getpid() % 10000}"
BRIDGE = "host"  # the namespace that has it
NOBODY = "02:00:00:00:00:01"  # a hardware address


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


def namespaces_work():
    name = PREFIX + "-try"
    try:
        ip("netns", "add", name)
        try:
            ip("netns", "exec", name, "ip", "link", "set", "lo", "up")  # not in a mere chroot
        finally:
            ip("netns", "del", name)
        return True
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"no network namespaces here: {getattr(error, 'stderr', error)}")
        return False


def run():
    """Runs the tests of the calling program, or says why not."""
    if not namespaces_work():
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)


class Network:
    def __init__(self, addresses):
        """A namespace for each name, BRIDGE among them, with its address in one /24."""
        self.addresses = addresses
        self.processes = []
        try:
            self.connect()
        except BaseException:
            self.close()
            raise

    def connect(self):
        for name in self.addresses:
            ip("netns", "add", f"{PREFIX}-{name}")
            ip("-n", f"{PREFIX}-{name}", "link", "set", "lo", "up")
        host = f"{PREFIX}-{BRIDGE}"
        ip("-n", host, "link", "add", "bridge", "type", "bridge")
        ip("-n", host, "addr", "add", self.addresses[BRIDGE] + "/24", "dev", "bridge")
        ip("-n", host, "link", "set", "bridge", "up")
        for name, address in self.addresses.items():
            if name == BRIDGE:
                continue
            ip("-n", host, "link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0",
               "netns", f"{PREFIX}-{name}")
            ip("-n", host, "link", "set", f"to-{name}", "master", "bridge", "up")
            ip("-n", f"{PREFIX}-{name}", "addr", "add", address + "/24", "dev", "eth0")
            ip("-n", f"{PREFIX}-{name}", "link", "set", "eth0", "up")

    def cut(self, source, target):
        """What `source` sends to `target` is lost from now on, and nobody is told: it goes to a
        hardware address that no machine has. The other direction stays as it is."""
        ip("-n", f"{PREFIX}-{source}", "neigh", "replace", self.addresses[target], "lladdr", NOBODY,
           "dev", "eth0", "nud", "permanent")

    def mend(self, source, target):
        ip("-n", f"{PREFIX}-{source}", "neigh", "del", self.addresses[target], "dev", "eth0")

    def command(self, name, *arguments):
        return ["ip", "netns", "exec", f"{PREFIX}-{name}", *arguments]

    def start(self, name, *arguments, **options):
        process = subprocess.Popen(self.command(name, *arguments), **options)
        self.processes.append(process)
        return process

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream:
                    stream.close()
        for name in self.addresses:
            subprocess.run(["ip", "netns", "del", f"{PREFIX}-{name}"], check=False,
                           capture_output=True)
