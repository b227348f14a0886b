"""The rules that no compiler checks. A rule takes the tree and yields (path, line, what is wrong).

Each rule says its remedy, and holds samples: trees it must complain about (`bad`) and trees it must
leave alone (`good`). tidy_test.py runs them, so that a rule cannot go blind unnoticed.
"""

import dataclasses
import re
import typing

from source_tree import CODE_SUFFIXES, Source, find_all, line_of

RULES = []


@dataclasses.dataclass
class Rule:
    name: str
    remedy: str
    check: typing.Callable
    bad: list
    good: list
    is_warning: bool = False


def rule(name, remedy, bad, good=(), is_warning=False):
    """Registers a check. Samples are {path: text}."""

    def register(check):
        RULES.append(Rule(name, remedy, check, list(bad), list(good), is_warning))
        return check

    return register


def each(tree, wanted):
    return (source for source in tree.values() if wanted(source))


def in_cpp(*folders):
    return lambda source: source.is_cpp and source.is_under(*folders)


def lines_in(path, *texts):
    """Samples: the file with each text alone, so that each alternative of a pattern is tried."""
    return [{path: text} for text in texts]


def banned(pattern, wanted, view="code"):
    """A check: the pattern does not occur in the wanted files."""
    compiled = re.compile(pattern, re.MULTILINE)

    def check(tree):
        for source in each(tree, wanted):
            for line, found in find_all(compiled, getattr(source, view)):
                yield source.path, line, f"'{found}'"

    return check


# --- layers -----------------------------------------------------------------------------------

# What a layer may include of ours. An entry with a dot is that header alone.
GROUND = {"base", "domain"}
PURE = GROUND | {"wire", "report", "ports", "config"}
LAYERS = {
    "base": {"base"},
    "domain": GROUND,
    "wire": GROUND | {"wire"},
    "report": GROUND | {"report"},
    "ports": GROUND | {"ports", "wire/message.h"},
    "config": GROUND | {"config"},
    "agent": PURE | {"agent"},
    "worker": PURE | {"worker"},
    "cli": PURE | {"cli"},
    "adapters": PURE,  # and its own folder
    "service": {"base", "ports", "service"},
}


def is_main(source):
    return source.name == "main.cc"


def may_include(source, header):
    layer = source.parts[1]
    if header in LAYERS[layer]:
        return True
    folders = header.split("/")[:-1]
    if folders and folders[0] == "adapters":
        return layer == "adapters" and folders[:2] == source.parts[1:3]
    return bool(folders) and folders[0] in LAYERS[layer]


@rule(
    "layers",
    "base <- domain <- wire, report, ports, config <- agent, worker, cli <- adapters, service <- "
    "main.cc: move what both need to the left, or hand it in from main.cc through a port",
    bad=[
        {"src/base/a.h": '#include "domain/money.h"'},
        {"src/domain/a.h": '#include "wire/message.h"'},
        {"src/domain/a.cc": '#include "ports/sink.h"'},
        {"src/wire/a.cc": '#include "ports/sink.h"'},
        {"src/report/a.cc": '#include "wire/message.h"'},
        {"src/ports/a.h": '#include "wire/decode.h"'},
        {"src/config/a.cc": '#include "ports/sink.h"'},
        {"src/agent/a.cc": '#include "adapters/kafka/sink.h"'},
        {"src/worker/a.cc": '#  include  "service/host.h"'},
        {"src/cli/a.cc": '#include "agent/agent.h"'},
        {"src/agent/a.cc": '#include "worker/worker.h"'},
        {"src/adapters/kafka/a.cc": '#include "adapters/sqlite/db.h"'},
        {"src/adapters/kafka/a.cc": '#include "worker/worker.h"'},
        {"src/service/a.cc": '#include "worker/worker.h"'},
        {"src/domain/a.h": '#include "money.h"'},
        {"src/domain/a.h": '#include "../base/result.h"'},
        {"src/elsewhere/a.h": ""},
    ],
    good=[
        {"src/worker/main.cc": '#include "adapters/kafka/source.h"\n#include "cli/x.h"'},
        {"src/adapters/kafka/a.cc": '#include "adapters/kafka/client.h"\n#include "ports/sink.h"'},
        {"src/ports/a.h": '#include "wire/message.h"\n#include "base/result.h"'},
        {"src/base/a.h": '// #include "domain/money.h"\n/* \n#include "wire/a.h"\n*/'},
        {"src/service/a.cc": '#include "ports/service_host.h"'},
    ],
)
def check_layers(tree):
    for source in each(tree, in_cpp("src")):
        if is_main(source):
            continue
        layer = source.parts[1]
        if layer not in LAYERS:
            yield source.path, 1, f"'{layer}' is no layer"
            continue
        for line, header, is_ours in source.includes:
            if is_ours and not may_include(source, header):
                yield source.path, line, f"'{layer}' includes \"{header}\""


STANDARD = r"[a-z_0-9]+"  # C++ headers have no suffix
FOREIGN_ALLOWED = {
    # fmt is part of the ground, as pure as std.
    "base": rf"{STANDARD}|fmt/.*|boost/(container|outcome|multiprecision)/.*",
    "domain": rf"{STANDARD}|fmt/.*",
    "wire": rf"{STANDARD}|fmt/.*|simdjson\.h|boost/crc\.hpp|boost/json(/.*|\.hpp)",
    "ports": STANDARD,
}
IMPURE = r"filesystem|fstream|iostream|thread|jthread|mutex|condition_variable|future|random|ctime"
OUTSIDE_THINGS = (
    r"sqlite3\.h|librdkafka/.*|boost/(asio|beast)(/.*|\.hpp)|openssl/.*|systemd/.*|sys/.*|unistd\.h"
    r"|fcntl\.h|netinet/.*|arpa/.*|netdb\.h|poll\.h|windows\.h|winsock2?\.h"
)


@rule(
    "foreign headers",
    "the pure layers know std (and fmt; wire also simdjson, boost/crc and boost/json); what "
    "touches the outside world belongs into src/adapters behind a port",
    bad=[
        {"src/domain/a.cc": "#include <unistd.h>"},
        {"src/domain/a.cc": "#include <boost/json.hpp>"},
        {"src/domain/a.cc": "#include <fstream>"},
        {"src/wire/a.cc": "#include <sqlite3.h>"},
        {"src/wire/a.cc": "#include <thread>"},
        {"src/ports/a.h": "#include <librdkafka/rdkafka.h>"},
        {"src/base/a.h": "#include <sqlite3.h>"},
        {"src/worker/a.cc": "#include <sqlite3.h>"},
        {"src/report/a.cc": "#include <openssl/sha.h>"},
        {"src/agent/a.h": "#include <boost/beast.hpp>"},
        {"src/base/a.cc": "#include <windows.h>"},
        {"src/config/a_windows.cc": "#include <windows.h>"},
    ],
    good=[
        {"src/wire/a.cc": "#include <simdjson.h>\n#include <boost/json.hpp>\n#include <vector>"},
        {"src/domain/a.cc": "#include <string_view>\n#include <fmt/format.h>"},
        {"src/adapters/sqlite/a.cc": "#include <sqlite3.h>"},
        {"src/worker/main.cc": "#include <unistd.h>"},
        {"src/base/clock_windows.cc": "#include <windows.h>"},  # the clock and its errors
    ],
)
def check_foreign_headers(tree):
    outside = re.compile(OUTSIDE_THINGS)
    impure = re.compile(IMPURE)
    for source in each(tree, in_cpp("src")):
        layer = source.parts[1]
        if is_main(source) or layer in ("adapters", "service"):
            continue
        if layer == "base" and source.path.rpartition(".")[0].endswith("_windows"):
            continue
        allowed = re.compile(FOREIGN_ALLOWED.get(layer, ".*"))
        for line, header, is_ours in source.includes:
            refused = not allowed.fullmatch(header) or outside.fullmatch(header)
            refused = refused or (layer in ("domain", "wire") and impure.fullmatch(header))
            if not is_ours and refused:
                yield source.path, line, f"<{header}> in '{layer}'"


@rule(
    "one home for a wide thing",
    "Boost.Outcome is named in base/result.h and 128- or 256-bit integers in base/checked.h only: "
    "use Result, Int128 and Int256",
    bad=[
        {"src/domain/a.h": "__int128 sum = 0;"},
        {"src/adapters/sqlite/a.h": "#include <boost/outcome.hpp>"},
        {"src/worker/a.cc": "#include <boost/multiprecision/cpp_int.hpp>"},
    ],
    good=[{"src/base/checked.h": "#include <boost/multiprecision/cpp_int.hpp>\n__int128 x;"}],
)
def check_homes(tree):
    word = re.compile(r"\b(unsigned\s+)?__u?int128(_t)?\b")
    for source in each(tree, in_cpp("src")):
        if source.path in ("src/base/checked.h", "src/base/checked.cc", "src/base/result.h"):
            continue
        for line, found in find_all(word, source.code):
            yield source.path, line, f"'{found}'"
        for line, header, _ in source.includes:
            if re.match(r"boost/(outcome|multiprecision)\b", header):
                yield source.path, line, f"<{header}>"


# --- banned calls -------------------------------------------------------------------------------

FLOATS = r"\b(double|float|stod|stof|stold|strto[df]|strtold|atof|get_double)\b"
rule(
    "no floating point",
    "money and quantities are integers and decimal text: use base/checked.h",
    bad=[
        {"src/domain/a.h": "double price = 1;"},
        {"src/base/a.cc": "const auto x = std::stod(text);"},
        {"src/wire/a.cc": "int a = 1'000; float b = static_cast<float>(a);"},
        *lines_in("src/wire/a.cc", "stof(x)", "stold(x)", "strtod(x, y)", "strtof(x, y)",
                  "strtold(x, y)", "atof(x)", "value.get_double()", "long double x;"),
    ],
    good=[
        {"src/wire/a.cc": '// never double\nauto s = "double"; /* float */ int double_check = 1;'},
        {"src/wire/a.cc": 'auto s = R"x(a " double)x"; char c = \'"\'; int float_text = 0;'},
        {"src/adapters/host/a.cc": "double load = 0;"},
    ],
)(banned(FLOATS, in_cpp("src/base", "src/domain", "src/wire")))

WALL_CLOCK = (
    r"\bsystem_clock\s*::\s*now\b|\bgettimeofday\b|\bclock_gettime\b|\bGetSystemTime(?!s\b)\w*\b"
    r"|(?<![\w.>])time\s*\(\s*(nullptr|NULL|0)\s*\)"
)
rule(
    "one clock",
    "take a `const Clock&` (base/clock.h) in the constructor; only base/clock_*.cc "
    "read the host's",
    bad=[
        {"src/worker/a.cc": "auto t = std::chrono::system_clock::now();"},
        {"src/base/other.cc": "time_t t = time(nullptr);"},
        {"src/base/clock.cc": "clock_gettime(clock, &value);"},
        {"src/agent/a.cc": "gettimeofday(&value, nullptr);"},
        {"src/adapters/host/a.cc": "::clock_gettime(CLOCK_REALTIME, &value);"},
        {"tests/unit/a_test.cc": "const auto now = system_clock::now();"},
        *lines_in("src/agent/a.cc", "std::time(NULL)", "time(0)", "GetSystemTimeAsFileTime(&t);",
                  "std::chrono::system_clock ::\n now()"),
    ],
    good=[
        {"src/base/clock_linux.cc": "clock_gettime(clock, &value);"},
        {"src/adapters/host/a.cc": "GetSystemTimes(&idle, &kernel, &user);"},
        {"src/worker/a.cc": "// system_clock::now() is wrong\nauto t = clock_.now(); x.time(0);"},
    ],
)(banned(WALL_CLOCK,
         lambda s: in_cpp("src", "tests")(s)
         and s.path not in ("src/base/clock_linux.cc", "src/base/clock_windows.cc")))

rule(
    "no sleep",
    "wait on a condition with a stop token and a deadline; in a test advance the manual clock",
    bad=[
        {"src/agent/a.cc": "std::this_thread::sleep_for(1s);"},
        {"tests/integration/a_test.cc": "usleep(1000);"},
        {"src/agent/a.cc": "::sleep (1);"},
        {"src/service/a_windows.cc": "Sleep(100);"},
        *lines_in("src/agent/a.cc", "std::this_thread::sleep_until(t);", "nanosleep(&t, 0);"),
    ],
    good=[{"src/agent/a.cc": "// sleep_for would not hear a stop\nasleep(1); int sleep = 2;"}],
)(banned(r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|\b[sS]leep\s*\(", in_cpp("src", "tests")))

rule(
    "quiet libraries",
    "return an Error or call a named event; only main.cc, cli and service write to the console",
    bad=[
        {"src/worker/a.cc": 'std::cerr << "no";'},
        {"src/agent/a.cc": 'printf("%d", 1);'},
        {"src/adapters/http/a.cc": 'std::fprintf(stderr, "no");'},
        {"src/report/a.cc": 'fmt::print("{}", 1);'},
        *lines_in("src/wire/a.cc", "std::cout << 1;", "std::clog << 1;", 'puts("a");',
                  'std::vprintf("a", b);', 'fputs("a", stdout);', 'std::printf("a");'),
    ],
    good=[
        {"src/cli/a.cc": "std::cout << text;"},
        {"src/worker/main.cc": "std::cerr << text;"},
        {"src/base/assert.cc": 'std::fprintf(stderr, "bug");'},
        {"src/worker/a.cc": "std::snprintf(buffer, size, format);"},
    ],
)(banned(
    r"\bstd\s*::\s*(cout|cerr|clog)\b|(?<!\w)v?printf\s*\(|(?<!\w)puts\s*\(|\bfmt::print\s*\("
    r"|(?<!\w)(fprintf|fputs)\s*\([^;]*\b(stderr|stdout)\b",
    # A broken assertion has nobody left to report to.
    lambda s: in_cpp("src")(s) and not is_main(s) and not s.is_under("src/cli", "src/service")
    and s.path != "src/base/assert.cc"))

rule(
    "one exit",
    "return a Result up to main.cc, which turns it into an exit code",
    bad=[
        {"src/worker/a.cc": "std::exit(1);"},
        {"src/cli/a.cc": "exit (64);"},
        *lines_in("src/service/a.cc", "_exit(1);", "std::quick_exit(2);", "_Exit(3);"),
    ],
    good=[{"src/cli/main.cc": "exit(64);"}, {"src/cli/a.cc": "return exit_with(error);"}],
)(banned(r"\b(_exit|_Exit|quick_exit|exit)\s*\(", lambda s: in_cpp("src")(s) and not is_main(s)))

rule(
    "platform in its own file",
    "put what differs into NAME_linux.cc and NAME_windows.cc and let CMake choose",
    bad=[
        {"src/worker/a.cc": "#ifdef _WIN32\n#endif"},
        {"src/base/a.h": "#if defined(__linux__) && 1\n#endif"},
        {"src/adapters/kafka/a.cc": "#  elif defined(_MSC_VER)"},
        *lines_in("src/cli/a.cc", "#ifndef _WIN64", "#if defined __MINGW32__", "#ifdef __unix__"),
    ],
    good=[
        {"src/base/clock_windows.cc": "#ifdef _WIN32"},
        {"src/adapters/host/a.cc": "#ifdef _WIN32"},
        {"src/service/a.cc": "#ifndef _WIN32"},
        {"src/worker/a.cc": "// #ifdef _WIN32"},
    ],
)(banned(
    r"^[ \t]*#[ \t]*(el)?if\w*\b[^\n]*\b(_WIN32|_WIN64|_MSC_VER|__MINGW\w+|__linux__|__unix__)\b",
    lambda s: in_cpp("src")(s) and not s.is_under("src/adapters/host", "src/service")
    and not re.search(r"_(windows|linux)\.(h|cc)$", s.name)))

rule(
    "kafka calls that lose data",
    "poll one message at a time, assign() anew at the stored position, leave a record's time to "
    "its sending: retention goes by it",
    bad=[
        {"src/adapters/kafka/a.cc": "rd_kafka_consume_batch_queue(q, 1, m, 2);"},
        {"src/adapters/kafka/a.cc": "rd_kafka_pause_partitions(k, p);"},
        {"src/adapters/kafka/a.cc": "rd_kafka_seek(t, 0, 1, 2);"},
        {"src/adapters/kafka/a.cc": "rd_kafka_seek_partitions(k, p, 1);"},
        {"src/adapters/kafka/a.cc": "rd_kafka_consume_batch(t, 0, 1, m, 2);"},
        {"src/adapters/kafka/a.cc": "rd_kafka_subscribe(k, topics);"},
        {"src/adapters/kafka/a.cc": "rd_kafka_vu_t t{.vtype = RD_KAFKA_VTYPE_TIMESTAMP};"},
    ],
    good=[{"src/adapters/kafka/a.cc": "rd_kafka_consumer_poll(k, 10);  // not rd_kafka_seek"}],
)(banned(
    r"\w*consume_batch\w*|\brd_kafka_(pause_partitions|seek|subscribe)\w*"
    r"|\bRD_KAFKA_V(TYPE)?_TIMESTAMP\b", in_cpp("src")))


# --- files --------------------------------------------------------------------------------------

def repeated(line, count):
    return (line + "\n") * count


def is_code(source):
    return source.name.endswith(CODE_SUFFIXES) or source.path in ("dev", ".ci/run")


@rule(
    "file size",
    "a file holds one concept: split it by concept (src: 600 lines, everything else: 800)",
    bad=[
        {"src/domain/a.cc": repeated("int a;", 601)},
        {"tests/unit/a_test.cc": repeated("int a;", 801)},
        {"tests/support/a.py": repeated("a = 1", 801)},
    ],
    good=[
        {"src/domain/a.cc": repeated("int a;", 600)},
        {"tests/unit/a_test.cc": repeated("int a;", 800)},
        {"tests/fixtures/a.txt": repeated("data", 2000)},
    ],
)
def check_file_size(tree):
    for source in each(tree, is_code):
        limit = 600 if source.is_under("src") else 800
        if len(source.lines) > limit:
            yield source.path, limit + 1, f"{len(source.lines)} lines, {limit} allowed"


@rule(
    "line length",
    "100 columns; clang-format breaks code, long texts are broken by hand",
    bad=[{"src/a.h": "//" + "x" * 99}, {"tests/support/a.py": "# " + "ä" * 99}],
    good=[{"src/a.h": "//" + "ä" * 98}, {"tests/golden/a.txt": "x" * 300}],
)
def check_line_length(tree):
    for source in each(tree, is_code):
        for number, line in enumerate(source.lines, 1):
            if len(line) > 100:
                yield source.path, number, f"{len(line)} columns"


def cmake_names(tree, folder):
    """Every word of the CMakeLists.txt of a folder, with a platform variable spelled out."""
    source = tree.get(f"{folder}/CMakeLists.txt" if folder else "CMakeLists.txt")
    if source is None:
        return set()
    text = re.sub(r"#[^\n]*", "", source.text)
    names = set()
    for platform in ("linux", "windows"):
        expanded = re.sub(r"\$\{\w*PLATFORM\w*\}", platform, text)
        expanded = re.sub(r"\$\{CMAKE_CURRENT_(SOURCE|LIST)_DIR\}/", "", expanded)
        names |= set(re.split(r'[\s()";$<>:]+', expanded))
    return names


@rule(
    "no orphans",
    "name the file in a CMakeLists.txt of its folder or above: what is in no target is not built, "
    "and a test that is not built cannot fail",
    bad=[
        {"src/base/a.cc": "", "src/base/CMakeLists.txt": "mb_library(base SOURCES b.cc ba.cc)"},
        {"tests/unit/a_test.cc": "", "tests/unit/CMakeLists.txt": "# a_test.cc"},
        {"tests/unit/x/a_test.cc": "", "tests/unit/CMakeLists.txt": "mb_test(t SOURCES a_test.cc)"},
        {"tests/tidy/a_test.py": "", "tests/tidy/CMakeLists.txt": ""},
        {"src/base/a.cc": ""},
    ],
    good=[
        {"src/base/a.cc": "", "src/base/CMakeLists.txt": "mb_library(base SOURCES a.cc)"},
        {"src/x/y/a.cc": "", "src/x/CMakeLists.txt": "mb_library(x SOURCES y/a.cc)"},
        {"src/x/a_linux.cc": "", "src/x/CMakeLists.txt": "SOURCES a_${METERBILL_PLATFORM}.cc"},
        {"tests/support/helper.cc": ""},
    ],
)
def check_orphans(tree):
    def wanted(source):
        is_test = source.is_under("tests") and source.name.endswith(("_test.cc", "_test.py"))
        return is_test or (source.is_under("src") and source.name.endswith(".cc"))

    for source in each(tree, wanted):
        folders, file = source.parts[:-1], source.name
        is_named = False
        for depth in range(len(folders), -1, -1):
            below = "/".join(folders[depth:] + [file])
            is_named = is_named or below in cmake_names(tree, "/".join(folders[:depth]))
        if not is_named:
            yield source.path, 1, "named in no CMakeLists.txt"


@rule(
    "pragma once",
    "start the header with #pragma once",
    bad=[{"src/base/a.h": "int a;"}, {"tests/support/a.h": "// #pragma once"}],
    good=[{"src/base/a.h": "// Why.\n#pragma once\n"}],
)
def check_pragma_once(tree):
    for source in each(tree, in_cpp("src", "tests", "bench")):
        if not source.name.endswith(".h"):
            continue
        if not re.search(r"^#pragma once$", source.without_comments, re.MULTILINE):
            yield source.path, 1, "no #pragma once"


# The words are written so that this file does not hold them.
LEFTOVERS = r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b"
rule(
    "no leftovers",
    "do it now, or open an issue and leave the source clean",
    bad=[{"src/base/a.h": "// TO" + "DO: x"}, {"docs/a.md": "FIX" + "ME"}, {"dev": "# XX" + "X"},
         {"tests/a.py": "# HA" + "CK"}],
    good=[{"src/base/a.h": "// METODOLOGY"}],
)(banned(LEFTOVERS, lambda source: True, view="text"))

PATHS = r"(?<![\w.$}~/-])/(work|root|home/\w+|Users/\w+)/"
HOSTS = (
    r"\b(deb|security|snapshot|ftp)\.debian\." + r"org\b|\brepo1?\.maven\b|\bregistry\.npmjs\b"
    r"|\bpypi\." + r"org\b|\bfiles\.pythonhosted\b|\bproxy\.golang\b|\bindex\.crates\b"
    r"|https?://[\w.-]*(artifact|artifactory|nexus|registry|mirror)[\w.-]*"
)
rule(
    "no place of its own",
    "a source names no machine's folders and no package registry: take the path from an argument, "
    "the address from the tool's configuration",
    bad=[
        {"tests/support/a.py": 'root = "/wo' + 'rk/main"'},
        {"docs/a.md": "see /ho" + "me/anna/x"},
        {"dev": "cd /ro" + "ot/x"},
        {"package-lock.json": '"resolved": "https://regi' + 'stry.npmjs.example/uplot"'},
        {".ci/run": "curl http://deb.debian." + "org/debian"},
        {"a.conf": "url=https://arti" + "factory.example/x"},
    ],
    good=[{"docs/a.md": "/var/lib/meterbill, ~/work/x, build/work/x, ${HOME}/root/x"}],
)(banned(f"{PATHS}|{HOSTS}", lambda source: True, view="text"))


@rule(
    "skips have reasons",
    "write: NAME REASON",
    bad=[{"tests/skips.txt": "# why\nCheckedTest.Overflow\n"}],
    good=[{"tests/skips.txt": "# why\n\nKafkaTest.* no Java on this machine\n"}],
)
def check_skips(tree):
    source = tree.get("tests/skips.txt")
    for number, line in enumerate(source.lines if source else (), 1):
        if line.strip() and not line.startswith("#") and len(line.split()) < 2:
            yield source.path, number, f"'{line.strip()}' has no reason"


DECISIONS_MAX = 20


@rule(
    "main.cc only wires",
    "move the decision into the layer it is about, where a test can reach it",
    bad=[{"src/worker/main.cc": repeated("if (a && b) c();", 15)}],
    good=[{"src/worker/main.cc": repeated("if (!a) return b;", 5)}],
    is_warning=True,
)
def check_main(tree):
    decision = re.compile(r"\b(if|switch|for|while|case|catch)\b|&&|\|\||\?")
    for source in each(tree, lambda s: in_cpp("src")(s) and is_main(s)):
        # `if (!x) return …` hands a failure on; that is what main is there for.
        code = re.sub(r"\bif \(!?\w+(\.\w+\(\))?\) return\b", "", source.code)
        found = list(decision.finditer(code))
        if len(found) > DECISIONS_MAX:
            line = line_of(code, found[DECISIONS_MAX].start())
            yield source.path, line, f"{len(found)} decisions, {DECISIONS_MAX} are plenty"


def sample_tree(files):
    return {path: Source(path, text) for path, text in files.items()}
