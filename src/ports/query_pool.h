#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ports/web.h"

namespace meterbill {

/// Answers requests that need the disk, away from the I/O thread: a fixed number of threads behind
/// a bounded queue. A full queue is answered 503 at once, so that slow queries make callers wait,
/// never the server's memory grow.
class QueryPool {
 public:
  /// Runs on one of the threads; `thread` in [0, threads) lets it use that thread's own read-only
  /// connection without a lock. An exception is answered 500.
  using Query = std::function<WebResponse(std::size_t thread)>;

  QueryPool(std::size_t threads, std::size_t queue_max) : queue_max_(queue_max) {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this, i] { work(i); });
  }

  QueryPool(const QueryPool&) = delete;
  QueryPool& operator=(const QueryPool&) = delete;

  /// Running queries end and are answered; waiting ones are answered 503.
  ~QueryPool() { stop(); }

  /// Any thread. Answers exactly once, at once when the queue is full.
  void run(Query query, Respond respond) {
    {
      const std::scoped_lock lock(mutex_);
      if (!stopping_ && queue_.size() < queue_max_) {
        queue_.push_back({std::move(query), std::move(respond)});
        added_.notify_one();
        return;
      }
    }
    respond(json_busy("too many queries at once: ask again in a moment", kRetryAfterSeconds));
  }

  /// Idempotent, but not from two threads at once.
  void stop() {
    std::deque<Job> left;
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
      left.swap(queue_);
      added_.notify_all();
    }
    for (const Job& job : left) {
      job.respond(json_busy("the service is stopping", kRetryAfterSeconds));
    }
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  [[nodiscard]] std::size_t waiting() const {
    const std::scoped_lock lock(mutex_);
    return queue_.size();
  }

 private:
  static constexpr int kRetryAfterSeconds = 1;

  struct Job {
    Query query;
    Respond respond;
  };

  /// A query that throws is a defect; it must cost its own answer, not the service.
  static WebResponse answer_of(const Query& query, std::size_t thread) {
    try {
      return query(thread);
    } catch (const std::exception& failure) {
      return json_error(
          500, "internal error",
          std::string("this is a defect of the program, please report it: ") + failure.what());
    }
  }

  void work(std::size_t thread) {
    std::unique_lock lock(mutex_);
    for (;;) {
      added_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      Job job = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      job.respond(answer_of(job.query, thread));
      job = {};  // what the query holds is let go outside the lock
      lock.lock();
    }
  }

  const std::size_t queue_max_;
  mutable std::mutex mutex_;
  std::condition_variable added_;
  std::deque<Job> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace meterbill
