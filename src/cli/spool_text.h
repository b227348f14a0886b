#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ports/spool_file.h"
#include "report/json_writer.h"

namespace meterbill {

/// Prints the rows of a spool one by one: a year of slots never stands in memory. Text has a
/// heading for each epoch and slot, and its rows under it, in lines of at most 80 columns. One
/// thread.
class SpoolPrinter {
 public:
  SpoolPrinter(bool as_json, std::string path) : as_json_(as_json), path_(std::move(path)) {}

  [[nodiscard]] std::string begin();
  [[nodiscard]] std::string add(const SpoolRow& row);
  [[nodiscard]] std::string end(const std::optional<Folded>& folded);

 private:
  bool as_json_;
  std::string path_;
  std::string epoch_;  ///< whose rows come
  Slot slot_;
  std::int64_t rows_ = 0;
  std::int64_t waiting_ = 0;
  std::int64_t aside_ = 0;
  JsonWriter json_;
};

[[nodiscard]] std::string spool_faults_text(const std::string& path,
                                            const std::vector<SpoolFault>& faults);
[[nodiscard]] std::string spool_faults_json(const std::string& path,
                                            const std::vector<SpoolFault>& faults);

}  // namespace meterbill
