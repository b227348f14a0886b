#include "bench_disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

namespace meterbill::bench {

std::string sync(const std::string& path, std::int64_t bytes, std::int64_t count, int writers) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return fmt::format("open {}: {}", path, std::strerror(errno));
  const std::string record(static_cast<std::size_t>(bytes), 'x');
  std::atomic<std::int64_t> left = count;
  std::atomic<int> failure = 0;
  const auto start = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < writers; ++i) {
      threads.emplace_back([&] {
        while (left.fetch_sub(1) > 0 && failure == 0) {
          if (::write(file, record.data(), record.size()) != bytes || ::fdatasync(file) != 0)
            failure = errno == 0 ? EIO : errno;
        }
      });
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  ::close(file);
  if (failure != 0) return fmt::format("write {}: {}", path, std::strerror(failure));
  fmt::print("{{\"seconds\":{:.6f},\"count\":{}}}\n", took.count(), count);
  return "";
}

}  // namespace meterbill::bench
