#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "adapters/sqlite/sqlite_spool.h"
#include "support/memory_disk.h"

namespace meterbill {

/// What an agent does with its spool in a few hours, on a disk that may fail, and what must be true
/// of it whatever happened: twelve ticks of six slots, in a file that is soon full. The other side
/// is there in the first slot, hears one slot without its answer coming back, and is away until the
/// end. What fails is tried again by a later step, as the agent does.
///
/// Its own bookkeeping: who used what in which tick, which calls returned, what the other side was
/// sent. Failures are those of the test that runs it.
class SpoolScript {
 public:
  explicit SpoolScript(MemoryDisk& disk);

  [[nodiscard]] bool is_done() const { return next_ == steps_.size(); }
  /// One call of the spool, or its opening.
  void step();
  /// What ends the process, in order or not.
  void close();
  /// After the process has ended: looks at what is on the disk, which a new process takes over.
  void check_recovered() const;
  /// Ends the run with everything sent, and adds up what the other side has.
  void finish();

  /// What the script is for, so that a test sees that it comes to it.
  struct Seen {
    std::int64_t folded = 0;    ///< rows that went into `other`
    std::int64_t dropped = 0;   ///< acknowledged rows that made room
    std::int64_t in_other = 0;  ///< parts that began in `other`
    std::int64_t aside = 0;
    std::int64_t repeated = 0;
  };
  /// Looks at the disk after a step.
  void observe();
  [[nodiscard]] const Seen& seen() const { return seen_; }

 private:
  using Used = std::map<ScopeName, std::int64_t>;
  using Key = std::tuple<std::string, std::int64_t, std::string>;  // epoch, slot, scope

  /// One run of the agent: what was used after tick `from` up to tick `to` is in its epoch.
  struct Run {
    EpochId id;
    int from = 0;
    int to = 0;
  };
  struct Row;

  [[nodiscard]] std::string path() const { return disk_.folder() + "spool.db"; }
  bool open();
  void save(bool ended);
  void send(int first_slot, int last_slot, bool is_answered);
  void acknowledged_by_now();
  void acknowledge(const std::vector<PendingRow>& rows);
  void set_aside();
  void repeat_old();
  std::vector<PendingRow> pending();
  [[nodiscard]] Used used_by(const Run& run, int slot, int upto) const;
  [[nodiscard]] TickRecord record(bool ended) const;
  [[nodiscard]] std::vector<Row> rows_on_disk(int& tick) const;
  void check_slot(const Run& run, int slot, int tick, const std::vector<Row>& rows) const;
  void check_calls(const std::vector<Row>& rows) const;
  void check_received() const;

  MemoryDisk& disk_;
  std::unique_ptr<SqliteSpool> spool_;
  std::vector<std::function<void()>> steps_;
  std::size_t next_ = 0;
  std::vector<Run> runs_;
  int tick_ = 0;   // the newest one
  int tried_ = 0;  // the newest one that was given to `save`
  int saved_ = 0;  // the newest one that was saved
  bool ended_ = false;
  std::map<Key, std::int64_t> version_;              // the greatest that was read
  std::map<Key, std::int64_t> offered_;              // 1, as told by calls that returned
  std::map<Key, std::int64_t> acknowledged_;         // the version, the same; durable
  std::map<Key, std::int64_t> acknowledged_lately_;  // since the last call that made it so
  std::set<Key> may_be_acknowledged_;                // also by calls that failed, as final rows
  std::set<Key> aside_;
  std::map<Key, std::int64_t> received_;  // by the other side: the greatest
  std::set<Key> seen_parts_;              // that had a row of their own
  Seen seen_;
};

}  // namespace meterbill
