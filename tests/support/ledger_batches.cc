#include "support/ledger_batches.h"

#include "adapters/sqlite/sqlite_ledger_codec.h"
#include "base/assert.h"
#include "support/evidence_items.h"

namespace meterbill {
namespace {

MachineFacts facts(MachineKey key, const char* name, Slot last) {
  return {.key = key,
          .name = MachineId(name),
          .first_slot = slot(),
          .last_slot = last,
          .seen = seen_at(last.end(), "37.5", "61.2"),
          .retired = std::nullopt};
}

WriteSet first() {
  WriteSet write;
  write.added.machines = {{kWeb, MachineId("web-1")}};
  write.added.scopes = {{kWhole, machine_scope()}};
  write.added.label_sets = {{kLabels, {{"rack", "2,b=\\c"}, {"site", "lab-3"}}},
                            {LabelSetKey{2}, {}}};
  write.added.meters = {{kCpu, MeterName("cpu")}};
  write.epochs = {{kWebEpoch,
                   {.machine = kWeb,
                    .epoch = EpochId("6f1c0000000000000000000000000001"),
                    .boot = BootId("boot-a"),
                    .labels = kLabels,
                    .seen = seen_at(slot().end(), "37.5", "61.2")}}};
  write.rows = {{{kWeb, slot()}, row(kWebEpoch, 100)}};
  write.totals = {{total_of(kWeb), 100}};
  write.machines = {{kWeb, facts(kWeb, "web-1", slot())}};
  write.evidence = {
      evidence({{.source = kKafka, .position = {0, 7}, .delivery = delivery("first")}},
               {{kWeb, slot()}}, slot(1).start())};
  write.counts = {{kKafka, {.applied = 1, .repeated = 0, .quarantined = 0}}};
  write.positions = {{kKafka, {position(8)}}};
  return write;
}

WriteSet second() {
  WriteSet write;
  write.rows = {{{kWeb, slot()}, row(kWebEpoch, 150)}, {{kWeb, slot(1)}, row(kWebEpoch, 60)}};
  write.totals = {{total_of(kWeb), 210}};
  write.holds = {{kWeb, {{kWebEpoch, {slot(1), {}}}}}};
  write.machines = {{kWeb, facts(kWeb, "web-1", slot(1))}};
  write.event_ids = {{{.source = "app", .id = "event-1"}, slot(1).start()}};
  write.quarantine = {refused("web-1/e/s/machine", 5, "too much"), refused("", 0, "{nonsense")};
  write.evidence = {
      evidence({{.source = kKafka, .position = {0, 8}, .delivery = delivery("second")},
                {.source = kKafka, .position = {0, 9}, .delivery = delivery("third")}},
               {{kWeb, slot()}, {kWeb, slot(1)}}, slot(2).start())};
  write.recent = {{.machine = kWeb,
                   .at = slot(1).start(),
                   .cpu_usage = "12.3",
                   .memory_usage = "61.2",
                   .is_sample = true}};
  write.counts = {{kKafka, {.applied = 2, .repeated = 1, .quarantined = 2}}};
  write.positions = {{kKafka, {position(13)}}};
  write.gaps = {gap(10, 12)};
  return write;
}

WriteSet third() {
  WriteSet write;
  write.added.machines = {{kLab, MachineId("lab-2")}};
  write.epochs = {{kLabEpoch,
                   {.machine = kLab,
                    .epoch = EpochId("6f1c0000000000000000000000000002"),
                    .boot = BootId("boot-b"),
                    .labels = LabelSetKey{2},
                    .seen = {}}}};
  write.seen = {{kLabEpoch, seen_at(slot(1).end(), "3", "4")},
                {kWebEpoch, seen_at(slot(1).start(), "1", "2")}};
  write.rows = {{{kLab, slot(1)}, row(kLabEpoch, 1)}};
  write.totals = {{total_of(kLab), 1}, {total_of(kWeb), 0}};
  write.holds = {{kWeb, {}}};
  write.machines = {{kLab, facts(kLab, "lab-2", slot(1))}};
  write.counts = {{kKafka, {.applied = 1, .repeated = 0, .quarantined = 0}}};
  write.positions = {{kKafka, {position(14)}}};
  return write;
}

}  // namespace

Slot slot(std::int64_t index) { return Slot::parse("2026-11-22T10:00:00Z").value().plus(index); }

UsageRow row(EpochKey epoch, std::int64_t cpu) {
  UsageRow row;
  EpochUsage& usage = row.by_epoch[epoch];
  usage.cover = Cover{.from_us = 0, .to_us = 2 * cpu, .metered_us = 2 * cpu};
  usage.scopes = 1;
  usage.by_scope[kWhole].used[kCpu] = cpu;
  return row;
}

TotalKey total_of(MachineKey machine) {
  return {.machine = machine, .scope = kWhole, .labels = kLabels, .meter = kCpu, .segment = slot()};
}

PartitionPosition position(std::int64_t next_offset) {
  Anchor anchor{.offset = next_offset - 1, .digest = {}, .recorded = slot().start()};
  anchor.digest[0] = static_cast<std::uint8_t>(next_offset);
  anchor.digest[31] = 0xff;
  return {.partition = 0,
          .incarnation = 1,
          .next_offset = next_offset,
          .anchor = anchor,
          .replay_until = 3};
}

Gap gap(std::int64_t from, std::int64_t to) {
  return {.source = kKafka,
          .partition = 0,
          .incarnation = 1,
          .from = from,
          .to = to,
          .after = slot().start(),
          .detected = slot(2).start()};
}

Delivery delivery(const std::string& value) {
  return {.key = "web-1",
          .value = value,
          .tombstone = false,
          .headers = {{"ce_type", "io.meterbill.reading.v1"}, {"x", std::string("\0\xff", 2)}},
          .recorded = slot().start()};
}

std::string noise(std::size_t bytes) {
  static std::uint32_t state = 1;
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>((state = state * 1'664'525 + 1'013'904'223) >> 24);
  return text;
}

QuarantineItem refused(const std::string& reading_key, std::int64_t weight,
                       const std::string& value) {
  QuarantineItem item;
  item.source = kKafka;
  item.position = {.partition = 0, .offset = 10};
  item.machine = "web-1";
  item.reading_key = reading_key;
  item.weight = weight;
  if (!reading_key.empty()) item.ordinal = 2;
  item.rejection = {.reason = Reason::kImplausible, .detail = "cpu is more than allowed"};
  item.first_at = slot().start();
  item.last_at = slot().start();
  item.delivery = std::make_shared<const Delivery>(delivery(value));
  return item;
}

EvidenceBlock evidence(const std::vector<EvidenceItem>& items, std::vector<RowKey> touched,
                       UtcTime at) {
  EvidenceBlock block = pack_evidence(refs_of(items)).value();
  block.touched = std::move(touched);
  block.at = at;
  return block;
}

WriteSet batch(int number) {
  MB_ASSERT(number >= 1 && number <= 3);
  WriteSet write = number == 1 ? first() : number == 2 ? second() : third();
  write.at = slot(number).start();
  return write;
}

}  // namespace meterbill
