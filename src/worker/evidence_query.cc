// From a slot back to the messages that made it: page by page, with the memory of one block.
#include <algorithm>
#include <utility>

#include "worker/items.h"
#include "worker/queries.h"

namespace meterbill {
namespace {

/// How much of the blocks is read for one page at most, beside the last one: bounds its time.
constexpr std::int64_t kRawBytesMax = std::int64_t{64} << 20;
constexpr std::size_t kBatchesAtOnce = 1'000;

std::string standing_text(Standing standing) {
  switch (standing) {
    case Standing::kBilled:
      return "billed";
    case Standing::kHeld:
      return "held";
    case Standing::kDiscarded:
      return "discarded";
    case Standing::kRenamed:
      return "renamed";
  }
  return "";
}

/// What the ledger holds of a slot: under each name that boots of the machine reported, of each of
/// their epochs, which scopes.
using SlotSources = std::map<std::string, std::map<std::string, std::set<ScopeName>>>;

/// False: a message with this delivery cannot be of any of the names. Reading all messages of a
/// block costs fifty times as much.
bool may_be_of(const Delivery& delivery, const SlotSources& sources) {
  const auto holds = [&](std::string_view text) {
    return std::ranges::any_of(sources, [&](const auto& source) {
      return text.find(source.first) != std::string_view::npos;
    });
  };
  // A name may stand there escaped.
  if (holds(delivery.value) || delivery.value.find('\\') != std::string::npos) return true;
  for (const Headers::View header : delivery.headers)
    if (holds(header.value)) return true;
  return false;
}

Reading reading_in(Slot slot, const ScopeName& scope) {
  Reading reading;
  reading.slot = slot;
  reading.scope = scope;
  return reading;
}

/// What of a message was applied to the slot: the rules of the batch that did it. Whether a scope
/// found room in its row shows in the row, which never loses one.
class SlotReader {
 public:
  SlotReader(const SlotSources& sources, Slot slot, const std::optional<ScopeName>& scope,
             const Sha256Hex& sha256_hex)
      : sources_(sources), slot_(slot), scope_(scope), sha256_hex_(sha256_hex) {}

  /// Nothing if it has nothing of the slot.
  std::optional<EvidenceMessage> read(const EvidenceBatch& batch, EvidenceItem&& item) const {
    if (!may_be_of(item.delivery, sources_)) return std::nullopt;
    const std::optional<Released> released = item.released;
    std::vector<SourceBatch> batches(1);
    batches[0].source = std::move(item.source);
    batches[0].route = batches[0].source == "http" ? Route::kHttp : Route::kKafka;
    batches[0].arrivals.push_back(
        {.delivery = std::move(item.delivery), .position = item.position});
    const Items items =
        read_items(batches, batch.at, std::nullopt, released ? Checks::kReleased : Checks::kAll);
    EvidenceMessage message;
    for (const ReadyReading& ready : items.readings)
      if (!released || !released->reading || released->reading == ready.origin.ordinal)
        take(message, items.heads[ready.head].machine, items.heads[ready.head].epoch,
             ready.reading);
    for (const ReadySample& ready : items.samples)
      take(message, ready.sample.machine, samples_epoch(), reading_of(ready));
    for (const ReadyEvent& ready : items.events)
      take(message, ready.event.machine, events_epoch(), reading_of(ready));
    if (message.readings.empty()) return std::nullopt;
    message.batch = batch.batch;
    message.applied = batch.at;
    message.is_released = released.has_value();
    message.source = std::move(batches[0].source);
    describe(message, batches[0].arrivals[0]);
    return message;
  }

 private:
  static Reading reading_of(const ReadySample& ready) {
    Reading reading = reading_in(ready.slot, machine_scope());
    reading.used.emplace(MeterName{"cpu_usage"}, ready.sample.cpu_usage_nano);
    reading.used.emplace(MeterName{"memory_usage"}, ready.sample.memory_usage_nano);
    return reading;
  }
  static Reading reading_of(const ReadyEvent& ready) {
    Reading reading = reading_in(ready.slot, ready.event.scope);
    reading.used.emplace(ready.event.meter, ready.event.quantity);
    return reading;
  }

  void take(EvidenceMessage& message, const MachineId& machine, const EpochId& epoch,
            const Reading& reading) const {
    if (reading.slot != slot_ || (scope_ && reading.scope != *scope_)) return;
    const auto source = sources_.find(machine.str());
    if (source == sources_.end()) return;
    const auto scopes = source->second.find(epoch.str());
    if (scopes == source->second.end() || !scopes->second.contains(reading.scope)) return;
    message.machine = machine.str();
    message.epoch = epoch.str();
    message.readings.push_back(reading);
  }

  void describe(EvidenceMessage& message, const Arrival& arrival) const {
    const Delivery& delivery = arrival.delivery;
    message.partition = arrival.position.partition;
    message.offset = arrival.position.offset;
    message.recorded = delivery.recorded;
    message.key = shown_bytes(delivery.key);
    for (const Headers::View header : delivery.headers)
      message.headers.push_back({shown_bytes(header.name), shown_bytes(header.value)});
    message.value = shown_bytes(delivery.value);
    message.value_bytes = static_cast<std::int64_t>(delivery.value.size());
    message.value_sha256 = sha256_hex_(delivery.value);
  }

  const SlotSources& sources_;
  Slot slot_;
  const std::optional<ScopeName>& scope_;
  const Sha256Hex& sha256_hex_;
};

std::size_t shown_size(const EvidenceMessage& message) {
  std::size_t bytes = 1'024 + message.value.text.size() + message.key.text.size();
  for (const ShownHeader& header : message.headers)
    bytes += header.name.text.size() + header.value.text.size() + 32;
  for (const Reading& reading : message.readings) bytes += 256 + 48 * reading.used.size();
  return bytes;
}

Reading stored_reading(Slot slot, const ScopeName& scope, bool is_machine, const EpochUsage& usage,
                       const ScopeUsage& of_scope,
                       const std::function<const MeterName&(MeterKey)>& meter_name) {
  Reading reading = reading_in(slot, scope);
  reading.final = of_scope.final;
  if (is_machine) {
    reading.cover = usage.cover;
    reading.scopes = usage.scopes;
  }
  for (const auto& [meter, quantity] : of_scope.used)
    reading.used.emplace(meter_name(meter), quantity);
  return reading;
}

/// Adds messages to a page until it is full.
class EvidenceWalk {
 public:
  EvidenceWalk(LedgerReader& ledger, const SlotReader& reader, std::size_t bytes_max,
               EvidencePage& page)
      : ledger_(ledger), reader_(reader), bytes_max_(bytes_max), page_(page) {}

  Result<void> walk(std::span<const RowKey> rows, EvidenceCursor from) {
    for (;;) {
      MB_TRY(const auto batches, ledger_.evidence_of(rows, from.batch, kBatchesAtOnce));
      for (const EvidenceBatch& batch : batches) {
        if (raw_bytes_ > kRawBytesMax) {
          page_.next = EvidenceCursor{batch.batch, 0};
          return ok();
        }
        raw_bytes_ += batch.raw_bytes;
        const std::int64_t first = batch.batch == from.batch ? from.ordinal : 0;
        MB_TRYV(add(batch, first));
        if (page_.next) return ok();
      }
      if (batches.size() < kBatchesAtOnce) return ok();
      from = {batches.back().batch + 1, 0};
    }
  }

 private:
  Result<void> add(const EvidenceBatch& batch, std::int64_t first) {
    std::int64_t ordinal = -1;
    const auto each = [&](EvidenceItem&& item) -> Result<void> {
      if (++ordinal < first) return ok();
      auto message = reader_.read(batch, std::move(item));
      if (!message) return ok();
      if (bytes_ >= bytes_max_) {
        page_.next = EvidenceCursor{batch.batch, ordinal};
        return fail(Code::kUnavailable, "the page is full");  // ends the walk
      }
      message->ordinal = ordinal;
      bytes_ += shown_size(*message);
      page_.messages.push_back(std::move(*message));
      return ok();
    };
    const auto walked = ledger_.evidence(batch.batch, each);
    if (!walked && !page_.next) return walked.error();
    return ok();
  }

  LedgerReader& ledger_;
  const SlotReader& reader_;
  std::size_t bytes_max_;
  EvidencePage& page_;
  std::size_t bytes_ = 0;
  std::int64_t raw_bytes_ = 0;
};

}  // namespace

Result<EvidencePage> Queries::evidence(LedgerReader& ledger, const EvidenceRequest& request,
                                       const Sha256Hex& sha256_hex) const {
  View view;
  MB_TRYV(open_view(ledger, view));
  MB_TRY(const MachineKey key, key_of(view, request.machine));
  EvidencePage page{.machine = request.machine, .slot = request.slot};
  SlotSources found;
  std::vector<RowKey> rows;
  const auto each = [&](const RowContext& context, Slot slot, const UsageRow& row) -> Result<void> {
    const std::string& name = view.names.machines.at(context.machine).str();
    for (const auto& [epoch, usage] : row.by_epoch) {
      const EpochFacts& facts = context.epochs.at(epoch);
      if (owner_of(context.machine, facts.boot, context.decisions) != key) continue;
      const std::string standing = standing_text(standing_in_row(context, slot, epoch, usage));
      for (const auto& [scope, of_scope] : usage.by_scope) {
        const ScopeName& scope_name = view.names.scopes.at(scope);
        if (request.scope && scope_name != *request.scope) continue;
        found[name][facts.epoch.str()].insert(scope_name);
        page.stored.push_back({name, facts.epoch.str(), standing,
                               stored_reading(slot, scope_name, scope == view.machine_scope, usage,
                                              of_scope, view.meter_name)});
      }
    }
    return ok();
  };
  for (const MachineKey source : sources(view, request.machine)) {
    rows.push_back({source, request.slot});
    MB_TRYV(walk(ledger, view, source, {request.slot, request.slot.next()}, each));
  }
  const SlotReader reader(found, request.slot, request.scope, sha256_hex);
  EvidenceWalk messages(ledger, reader, request.bytes_max, page);
  MB_TRYV(messages.walk(rows, request.from));
  if (page.next) page.stored.clear();
  MB_TRY(const LedgerFacts facts, ledger.facts());
  page.forgotten = facts.evidence_forgotten;
  return page;
}

}  // namespace meterbill
