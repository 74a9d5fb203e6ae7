"""Hosts with a slow and lossy network between them, on one machine: lossy_network.py HOSTS DELAY_MS LOSS

Each host is a network namespace with the address 10.77.0.<1 + number>, in which a process waits. Prints the ids of these processes as
JSON, so that `nsenter -t ID -n` runs a program there. Packets between hosts take DELAY_MS milliseconds each way, and the share LOSS of
them is lost. Ends when standard input does. Linux, as root.
"""

import array
import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 1, 0x1000


def become_host(number, channel):
    """Moves this process to a namespace of its own, and sends the file descriptor of its network device."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", b"host", IFF_TUN | IFF_NO_PI))
    for words in [
        "link set lo up",
        f"addr add 10.77.0.{1 + number}/24 dev host",
        # As many packets as a delay holds; the default drops what a burst brings.
        "link set host txqueuelen 10000 up",
    ]:
        subprocess.run(["ip", *words.split()], check=True)
    channel.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [device]))])


def start_host(number):
    """A process in a namespace of its own: its id, and the file descriptor of its network device."""
    ours, theirs = socket.socketpair()
    process = os.fork()
    if process == 0:
        ours.close()
        try:
            become_host(number, theirs)
            signal.pause()
        finally:
            os._exit(1)
    theirs.close()
    received = socket.recv_fds(ours, 1, 1)[1]
    if not received:
        raise RuntimeError(f"host {number} could not be made")
    return process, received[0]


def relay(devices, delay, loss):
    """Carries packets until standard input ends."""
    chance = random.Random(1)
    waiting = []  # (due, order, device, packet)
    order = 0
    while True:
        pause = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        for device in select.select([0, *devices], [], [], pause)[0]:
            packet = os.read(device, 65536)
            if device == 0:
                if not packet:
                    return
                continue
            number = packet[19] - 1  # the last byte of the destination, where the packet is one of IPv4
            if packet[0] >> 4 != 4 or number >= len(devices) or chance.random() < loss:
                continue
            heapq.heappush(waiting, (time.monotonic() + delay, order, devices[number], packet))
            order += 1
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, device, packet = heapq.heappop(waiting)
            os.write(device, packet)


def main():
    count, delay, loss = int(sys.argv[1]), float(sys.argv[2]) / 1000, float(sys.argv[3])
    hosts = []
    try:
        for number in range(count):
            hosts.append(start_host(number))
        print(json.dumps([process for process, _ in hosts]), flush=True)
        relay([device for _, device in hosts], delay, loss)
    finally:
        for process, _ in hosts:
            os.kill(process, signal.SIGKILL)


main()
