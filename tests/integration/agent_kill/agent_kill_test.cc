#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>

#include "adapters/sqlite/sqlite_spool.h"
#include "base/checked.h"
#include "probe_world.h"
#include "support/temp_dir.h"

namespace meterbill {
namespace {

constexpr int kKillsMin = 12;
constexpr int kKillsWhileSavingMin = 3;
constexpr int kKillsMax = 60;

class AgentKillTest : public testing::Test {
 protected:
  pid_t begin(const char* mode) {
    const std::string origin = std::to_string(origin_us_);
    const std::string seed = std::to_string(random_());
    const std::string folder = dir_.path().string();
    const pid_t child = ::fork();
    if (child == 0) {
      ::execl(PROBE, PROBE, folder.c_str(), origin.c_str(), seed.c_str(), mode, nullptr);
      ::_exit(127);
    }
    return child;
  }
  static int wait(pid_t child) {
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return status;
  }
  [[nodiscard]] bool was_saving() const {
    std::ifstream mark(dir_.path() / "saving");
    return mark.get() == 1;
  }
  [[nodiscard]] std::unique_ptr<SqliteSpool> open_spool() const {
    auto opened = SqliteSpool::open((dir_.path() / "spool.db").string(), {}, {0});
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(opened.value().spool);
  }

  /// On a disk of memory a save is over in microseconds: moments that are merely random would miss
  /// it.
  void await_a_save() const {
    const std::int64_t until = SystemClock().now().monotonic_us + 1'000'000;
    while (!was_saving() && SystemClock().now().monotonic_us < until) {
    }
  }

  /// Kills the agent at random moments, every other one in a save; returns how many hit it while it
  /// saved.
  int kill_again_and_again() {
    int saving = 0;
    for (int kills = 0; kills < kKillsMax; ++kills) {
      if (kills >= kKillsMin && saving >= kKillsWhileSavingMin) break;
      const pid_t child = begin("until-killed");
      ConditionWaiter().wait({}, std::uniform_int_distribution(20'000, 300'000)(random_));
      if (kills % 2 == 1) await_a_save();
      EXPECT_EQ(::kill(child, SIGKILL), 0);
      const int status = wait(child);
      EXPECT_TRUE(WIFSIGNALED(status)) << "it ended by itself with " << WEXITSTATUS(status);
      if (was_saving()) ++saving;
    }
    return saving;
  }

  TempDir dir_;
  std::mt19937 random_{std::random_device{}()};
  std::int64_t origin_us_ = SystemClock().now().boot_us;
};

/// The worker's rule: of each (epoch, slot, scope, meter) the greatest value ever sent.
struct Merged {
  std::map<std::string, std::int64_t> greatest;
  std::set<std::string> open;  // (epoch, slot, scope) never sent as final
  std::set<std::string> slots;

  explicit Merged(const std::filesystem::path& sent) {
    std::ifstream file(sent);
    std::set<std::string> final;
    for (std::string line; std::getline(file, line);) {
      std::istringstream words(line);
      std::string epoch, slot, scope, state;
      words >> epoch >> slot >> scope >> state;
      const std::string row = std::string(epoch).append(slot).append(scope);
      slots.insert(slot);
      (state == "final" ? final : open).insert(row);
      for (std::string word; words >> word;) {
        const std::size_t equals = word.find('=');
        std::int64_t& value = greatest[word.substr(0, equals) + "@" + row];
        value = std::max(value, parse_count(word.substr(equals + 1)).value());
      }
    }
    for (const std::string& row : final) open.erase(row);
  }
  [[nodiscard]] std::int64_t sum(const std::string& meter) const {
    std::int64_t total = 0;
    for (const auto& [key, value] : greatest)
      if (key.starts_with(meter + "@")) total += value;
    return total;
  }
};

TEST_F(AgentKillTest, KilledAtRandomMomentsItSendsEveryMicrosecondExactlyOnce) {
  ASSERT_EQ(wait(begin("one-tick")), 0);
  const Checkpoint first = open_spool()->load().value().checkpoint.value();

  EXPECT_GE(kill_again_and_again(), kKillsWhileSavingMin);

  ASSERT_EQ(wait(begin("to-the-end")), 0);
  const auto spool = open_spool();
  const Checkpoint last = spool->load().value().checkpoint.value();
  EXPECT_EQ(last.end, EndMark::kOperator);
  EXPECT_EQ(spool->counts().value().waiting, 0);
  EXPECT_EQ(spool->counts().value().aside, 0);

  const Merged merged(dir_.path() / "sent");
  const std::int64_t ran = last.at.monotonic_us - first.at.monotonic_us;
  EXPECT_EQ(merged.sum("cpu"), last.cpu_busy_us - first.cpu_busy_us);
  EXPECT_EQ(merged.sum("uptime"), ran);
  EXPECT_EQ(merged.sum("cpu_capacity"), kProbeCores * ran);
  EXPECT_TRUE(Int128{merged.sum("memory_capacity")} * 1'000'000 + last.memory_capacity_rest ==
              Int128{kProbeMemoryKib} * ran);
  EXPECT_LE(merged.sum("memory"), merged.sum("memory_capacity"));
  EXPECT_TRUE(merged.open.empty()) << merged.open.size() << " rows were never sent as final";
  EXPECT_GE(merged.slots.size(), 2U);
  RecordProperty("slots", static_cast<int>(merged.slots.size()));
}

}  // namespace
}  // namespace meterbill
