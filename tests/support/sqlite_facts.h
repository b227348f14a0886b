#pragma once

#include <string>
#include <string_view>

#include "adapters/sqlite/sqlite_db.h"
#include "base/assert.h"
#include "support/memory_disk.h"

namespace meterbill {

/// Rows of a query as text: a line each, '|' between columns.
[[nodiscard]] inline std::string query_text(SqliteDb& db, std::string_view sql, int columns) {
  auto select = db.prepare(sql);
  if (!select) return "FAILED: " + select.error().message;
  std::string text;
  for (;;) {
    const auto found = select.value().step();
    if (!found) return text + "FAILED: " + found.error().message;
    if (!found.value()) return text;
    for (int column = 0; column < columns; ++column)
      text.append(column > 0 ? "|" : "").append(select.value().text(column));
    text += '\n';
  }
}

/// Has `look` see a copy of the database at `path`, as a program would that opened it now: nothing
/// reaches the disk itself, nor its faults.
template <class Look>
void look_into(const MemoryDisk& disk, const std::string& path, const Look& look) {
  MemoryDisk copy("/copy-of" + disk.folder());
  std::map<std::string, MemoryFile> files;
  for (auto& [name, file] : disk.image()) {
    files["/copy-of" + name] = file;
    files["/copy-of" + name].shared.clear();
  }
  copy.restore(std::move(files));
  auto db = SqliteDb::open("/copy-of" + path, {});
  MB_ASSERT(db);
  look(db.value());
}

}  // namespace meterbill
