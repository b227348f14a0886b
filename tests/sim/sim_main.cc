// meterbill-sim: runs many seeds of the simulator; each failing one is named with how to replay it.
#include <fmt/format.h>
#include <malloc.h>
#include <sqlite3.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "sim/sim_world.h"
#include "support/temp_dir.h"

namespace meterbill::sim {
namespace {

constexpr std::uint64_t kTold = 1'000;

struct Wish {
  std::uint64_t seeds = 1;
  std::uint64_t first = 0;
  bool is_told = false;  ///< each run is described
  bool stops = false;    ///< at the first failing seed
};

bool read_number(const char* text, std::uint64_t& into) {
  const char* const end = text + std::strlen(text);
  const auto [at, error] = std::from_chars(text, end, into);
  return error == std::errc() && at == end && at != text;
}

bool read(int count, char** words, Wish& wish) {
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--verbose") {
      wish.is_told = true;
      continue;
    }
    if (word == "--stop") {
      wish.stops = true;
      continue;
    }
    if (word == "--fresh") {
      // Small enough to be typed again.
      wish.first = std::random_device{}();
      continue;
    }
    if (i + 1 == count) return false;
    std::uint64_t& into = word == "--seeds" ? wish.seeds : wish.first;
    if ((word != "--seeds" && word != "--seed") || !read_number(words[++i], into)) return false;
  }
  return wish.seeds > 0;
}

/// Runs one seed; true when all is right.
bool run_seed(std::uint64_t seed, const std::string& folder, bool is_told, Outcome& sum) {
  World world(seed, folder);
  const Outcome outcome = world.run();
  sum.ticks += outcome.ticks;
  sum.troubles += outcome.troubles;
  sum.held += outcome.held > 0 ? 1 : 0;
  sum.singles += outcome.singles;
  if (is_told || !outcome.findings.empty())
    fmt::print("seed {} ({:016x}): {}\n", seed, outcome.fingerprint, to_string(outcome.plan));
  for (std::size_t i = 0; i < outcome.findings.size() && i < 10; ++i)
    fmt::print("  {}\n", outcome.findings[i]);
  if (outcome.findings.size() > 10) fmt::print("  and {} more\n", outcome.findings.size() - 10);
  if (!outcome.findings.empty()) fmt::print("  replay: ./dev sim --seeds 1 --seed {}\n", seed);
  std::fflush(stdout);
  return outcome.findings.empty();
}

/// One thread uses SQLite, nobody asks how much memory it has, and what one run has freed is the
/// next one's: without locks, without counters, and without giving pages back to the kernel.
void save_time() {
  MB_ASSERT(sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) == SQLITE_OK);
  MB_ASSERT(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK);
  constexpr int kKeep = 256 << 20;
  mallopt(M_TRIM_THRESHOLD, kKeep);
  mallopt(M_MMAP_THRESHOLD, kKeep);
  mallopt(M_TOP_PAD, 16 << 20);
}

int run(const Wish& wish) {
  const TempDir scratch;  // for the ledger's lock
  const std::string folder = scratch.path().string() + "/";
  std::filesystem::create_directories(folder + "worker");
  const auto began = std::chrono::steady_clock::now();
  Outcome sum;
  std::uint64_t failed = 0;
  std::uint64_t ran = 0;
  while (ran < wish.seeds && !(wish.stops && failed > 0)) {
    if (!run_seed(wish.first + ran, folder, wish.is_told, sum)) ++failed;
    ++ran;
    // A long run that is interrupted has shown so much.
    if (ran % kTold == 0 && ran < wish.seeds)
      fmt::print(stderr, "seeds {} to {}: {} failed\n", wish.first, wish.first + ran - 1, failed);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  fmt::print(
      "seeds {} to {}: {} failed after {}; {} ticks, {} troubles, {} samples and events, holds in "
      "{} runs; "
      "{:.1f} s\n",
      wish.first, wish.first + wish.seeds - 1, failed, ran, sum.ticks, sum.troubles, sum.singles,
      sum.held, took.count());
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace meterbill::sim

int main(int count, char** words) {
  meterbill::sim::Wish wish;
  if (!meterbill::sim::read(count, words, wish)) {
    std::fputs("usage: meterbill-sim [--seeds N] [--seed FIRST | --fresh] [--stop] [--verbose]\n",
               stderr);
    return 64;
  }
  meterbill::sim::save_time();
  return meterbill::sim::run(wish);
}
