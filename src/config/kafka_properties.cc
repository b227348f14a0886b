#include "config/kafka_properties.h"

#include <algorithm>
#include <array>

namespace meterbill {
namespace {

constexpr std::string_view kPosition =
    "positions live in the ledger, in the transaction that applies the records";
constexpr std::string_view kAcks =
    "readings are kept until all in-sync replicas have them (acks=all, idempotent)";
constexpr std::string_view kTimeout =
    "the spool owns unsent readings; a timeout of the client's would end in silence";
constexpr std::string_view kKeys =
    "a machine's readings must reach the partition that Java producers choose (murmur2_random)";
constexpr std::string_view kCommitted =
    "records of aborted transactions must not be billed (read_committed)";
constexpr std::string_view kReports =
    "a reading is acknowledged by its delivery report; each one is needed";
constexpr std::string_view kAssign =
    "the worker assigns all partitions itself and belongs to no consumer group";
constexpr std::string_view kMock = "a mock broker in memory acknowledges and then forgets";

constexpr std::array kDenied{
    DeniedProperty{"acks", kAcks},
    DeniedProperty{"auto.commit.enable", kPosition},
    DeniedProperty{"auto.commit.interval.ms", kPosition},
    DeniedProperty{"auto.offset.reset",
                   "where to read is known; a reset would skip or repeat records (error)"},
    DeniedProperty{"check.crcs", "damaged records must be noticed (true)"},
    DeniedProperty{"delivery.report.only.error", kReports},
    DeniedProperty{"delivery.timeout.ms", kTimeout},
    DeniedProperty{"enable.auto.commit", kPosition},
    DeniedProperty{"enable.auto.offset.store", kPosition},
    DeniedProperty{"enable.gapless.guarantee", "its fatal errors would stop sending"},
    DeniedProperty{"enable.idempotence", kAcks},
    DeniedProperty{"enable.partition.eof", "the worker ends its batches by it"},
    DeniedProperty{"group.id", kAssign},
    DeniedProperty{"group.instance.id", kAssign},
    DeniedProperty{"isolation.level", kCommitted},
    DeniedProperty{"message.timeout.ms", kTimeout},
    DeniedProperty{"offset.store.method", kPosition},
    DeniedProperty{"offset.store.path", kPosition},
    DeniedProperty{"offset.store.sync.interval.ms", kPosition},
    DeniedProperty{"partition.assignment.strategy", kAssign},
    DeniedProperty{"partitioner", kKeys},
    DeniedProperty{"plugin.library.paths", "a plugin could change or drop records unseen"},
    DeniedProperty{"produce.offset.report", kReports},
    DeniedProperty{"request.required.acks", kAcks},
    DeniedProperty{"test.mock.num.brokers", kMock},
    DeniedProperty{"transactional.id",
                   "readings are sent outside transactions; an open one is never read"},
};

}  // namespace

std::span<const DeniedProperty> denied_kafka_properties() { return kDenied; }

std::string_view kafka_denial(std::string_view property) {
  const auto* row = std::ranges::find(kDenied, property, &DeniedProperty::name);
  return row == kDenied.end() ? std::string_view{} : row->reason;
}

bool is_kafka_secret(std::string_view property) {
  if (property.ends_with(".url") || property.ends_with(".location")) return false;
  constexpr std::array<std::string_view, 6> kMarks{"pass",  "pasw",    "secret",
                                                   "token", "key.pem", "oauthbearer.config"};
  return std::ranges::any_of(
      kMarks, [&](std::string_view mark) { return property.find(mark) != property.npos; });
}

bool is_kafka_property(std::string_view property) {
  return !property.empty() && property.front() != '.' && property.back() != '.' &&
         std::ranges::all_of(property, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.';
         });
}

}  // namespace meterbill
