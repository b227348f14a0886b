#pragma once

#include <string>

#include "support/disk_faults.h"

struct sqlite3_vfs;

namespace meterbill {

/// SQLite's default way to the real disk, with faults: registered as the default while this object
/// lives, so that the code under test opens its files as ever. For what also handles files without
/// SQLite; everything else is shown on a MemoryDisk, which knows what a power cut leaves. One at a
/// time; one thread.
class FaultVfs : public DiskFaults {
 public:
  FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;
  ~FaultVfs();

 private:
  std::string name_ = "meterbill-faults";
  sqlite3_vfs* below_;
};

}  // namespace meterbill
