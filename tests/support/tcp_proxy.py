"""A TCP proxy on loopback that fails on command: the network faults that this kernel cannot make.

  pass      bytes go through, perhaps with `delay_s` per piece or at most `bytes_per_s`
  cut       connections are reset, new ones refused (the listener is closed)
  hole      connections stay open and new ones are taken, but nothing moves: a half-open peer behind
  a dead switch
"""

import contextlib
import select
import socket
import struct
import threading
import time

import processes

_PIECE = 65536


class _Link:
    """Both directions of one connection; each direction has a thread of its own, so that one may
    hang alone."""

    def __init__(self, proxy, client):
        self.proxy, self.client, self.server = proxy, client, None

    def run(self):
        try:
            while self.proxy.mode == "hole" and self.proxy.open:
                time.sleep(0.02)
            self.server = socket.create_connection(("127.0.0.1", self.proxy.target_port), 5)
            for end in (self.client, self.server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            self.reset()
            return
        back = threading.Thread(
            target=self._pump, args=(self.server, self.client, "down"), daemon=True
        )
        back.start()
        self._pump(self.client, self.server, "up")
        back.join()
        self.reset()

    def _pump(self, source, sink, direction):
        try:
            while self.proxy.open:
                if self.proxy.mode == "hole":
                    time.sleep(0.02)
                    continue
                if not select.select([source], [], [], 0.1)[0] or self.proxy.mode == "hole":
                    continue
                piece = source.recv(self.proxy.piece_bytes())
                if not piece:
                    sink.shutdown(socket.SHUT_WR)
                    return
                cut = self.proxy.passed(direction, piece)
                self._send(sink, piece if cut is None else piece[:cut])
                if cut is not None:
                    self.proxy.cut()
                    return
        except (OSError, ValueError):
            self.reset()

    @staticmethod
    def _send(sink, data):
        """Never inside the kernel for long: no socket is reset before every call on it is over."""
        while data:
            if select.select([], [sink], [], 0.1)[1]:
                data = data[sink.send(data, socket.MSG_DONTWAIT) :]

    def reset(self):
        """RST instead of FIN: the other side learns at once, and nothing buffered arrives late."""
        for end in (self.client, self.server):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                with contextlib.suppress(OSError):
                    end.close()


class TcpProxy:
    """Its methods may be called from any thread while it runs."""

    def __init__(self, target_port, port=None):
        self.target_port = target_port
        self.port = port or processes.free_port()
        self.open, self.mode = True, "pass"
        self.delay_s, self.bytes_per_s = 0.0, None
        self.bytes = {"up": 0, "down": 0}
        self.captured = {"up": bytearray(), "down": bytearray()}
        self._capture, self._cut_after = False, None
        self._lock = threading.Lock()
        self._links, self._listener = set(), None
        self._listen()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _listen(self):
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen(128)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            link = _Link(self, client)
            with self._lock:
                self._links = {old for old in self._links if old.client.fileno() >= 0} | {link}
                refused = self._listener is not listener
            if refused:
                link.reset()
                return
            threading.Thread(target=link.run, daemon=True).start()

    def link_count(self):
        """Connections that are open."""
        with self._lock:
            return sum(link.client.fileno() >= 0 for link in self._links)

    def piece_bytes(self):
        return max(1, min(_PIECE, self.bytes_per_s // 20)) if self.bytes_per_s else _PIECE

    def passed(self, direction, piece):
        """Books a piece, waits as asked; how much of it may still pass when the cut falls inside
        it, else None."""
        pause = self.delay_s + (len(piece) / self.bytes_per_s if self.bytes_per_s else 0)
        if pause:
            time.sleep(pause)
        with self._lock:
            cut = None
            if self._cut_after is not None and self._cut_after[0] == direction:
                left = self._cut_after[1] - self.bytes[direction]
                cut = left if left <= len(piece) else None
            kept = piece if cut is None else piece[:cut]
            self.bytes[direction] += len(kept)
            if self._capture:
                self.captured[direction] += kept
            return cut

    def capture(self, on=True):
        self._capture = on

    def cut_after(self, direction, byte_count):
        """Cuts once so many more bytes went `up` (to the server) or `down`: in the middle of a
        request, or of its answer."""
        with self._lock:
            self._cut_after = (direction, self.bytes[direction] + byte_count)

    def cut(self):
        with self._lock:
            self.mode, self._cut_after = "cut", None
            listener, self._listener = self._listener, None
            links, self._links = self._links, set()
        if listener is not None:
            # shutdown wakes the accepting thread; close alone would leave it holding the port.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for link in links:
            link.reset()

    def hole(self):
        self.mode = "hole"

    def heal(self):
        """Back to plain passing, from whatever fault."""
        self.delay_s, self.bytes_per_s = 0.0, None
        self.mode = "pass"
        if self._listener is None and self.open:
            self._listen()

    def close(self):
        self.open = False
        self.cut()
