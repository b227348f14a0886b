"""The peers of `./dev bench agent`, as Debian packages them and bench/peers configures them."""

import contextlib
import http.client
import pathlib
import subprocess
import threading
import time

import processes

PEERS = pathlib.Path(__file__).resolve().parent / "peers"
COLLECTD, NODE_EXPORTER = PEERS / "collectd.conf", PEERS / "node_exporter.args"
PROCESSES = PEERS / "collectd_processes.conf"


def package_version(name):
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True, text=True, check=False
    )
    return done.stdout or "(not installed)"


def settings(path):
    """A configuration without its comments, as it is printed with the figures."""
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    return " ".join(line for line in lines if line and not line.startswith("#"))


def collectd_about():
    return f"collectd {package_version('collectd-core')}, {settings(COLLECTD)}"


def start_collectd(folder, brokers, topic, authority, more=None):
    """A process. `authority`: the certificate that the brokers' are checked against; None without
    TLS. `more`: a configuration that it has besides."""
    properties = {"security.protocol": "ssl", "ssl.ca.location": authority} if authority else {}
    text = COLLECTD.read_text("utf-8")
    for word, value in {
        "@FOLDER@": folder,
        "@BROKERS@": brokers,
        "@TOPIC@": topic,
        "@TLS@": "\n".join(f'  Property "{key}" "{value}"' for key, value in properties.items()),
    }.items():
        text = text.replace(word, str(value))
    if more:
        text += more.read_text("utf-8")
    path = folder / "collectd.conf"
    path.write_text(text, encoding="utf-8")
    return processes.Process(["collectd", "-f", "-C", path], folder / "collectd.log", cwd=folder)


def node_exporter_about():
    version = package_version("prometheus-node-exporter")
    return f"prometheus-node-exporter {version}, {settings(NODE_EXPORTER)}"


def start_node_exporter(folder, port):
    """A process."""
    listen = f"--web.listen-address=127.0.0.1:{port}"
    return processes.Process(
        ["prometheus-node-exporter", listen, *settings(NODE_EXPORTER).split()],
        folder / "node_exporter.log",
        cwd=folder,
    )


class Scraper:
    """Asks for the metrics once a second, on a kept connection, as a Prometheus does; in a thread
    of its own. `answers`: how many came."""

    def __init__(self, port):
        self.answers = 0
        self._port = port
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._scrape)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._thread.join()

    def _scrape(self):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        while not self._stopping.wait(1 - time.time() % 1):
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
                answer = connection.getresponse()
                answer.read()
                self.answers += answer.status == 200
        connection.close()
