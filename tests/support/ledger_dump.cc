#include "support/ledger_dump.h"

#include <fmt/format.h>

namespace meterbill {
namespace {

std::string hex(const Sha256& digest) {
  std::string text;
  for (const std::uint8_t byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

std::string quoted(const Delivery& delivery) {
  std::string text = fmt::format("[{}|{}|{}|{}", delivery.key, delivery.value, delivery.tombstone,
                                 delivery.recorded.us);
  for (const Headers::View header : delivery.headers)
    text += fmt::format("|{}={}", header.name, header.value);
  return text + "]";
}

std::string line(const Sighting& seen) {
  return fmt::format("seen {} {} {} {}", seen.at.us, seen.percent_at.us, seen.cpu_usage_percent,
                     seen.memory_usage_percent);
}

std::string line(const UsageRow& row) {
  std::string text;
  for (const auto& [epoch, usage] : row.by_epoch) {
    text += fmt::format(" e{}", epoch.value);
    if (usage.cover)
      text += fmt::format("({},{},{},{},{})", usage.cover->from_us, usage.cover->to_us,
                          usage.cover->metered_us, usage.cover->estimated_us, usage.cover->off_us);
    text += fmt::format("/{}", usage.scopes);
    for (const auto& [scope, used] : usage.by_scope) {
      text += fmt::format(" s{}{}", scope.value, used.final ? "!" : "");
      for (const auto& [meter, value] : used.used)
        text += fmt::format(" m{}={}", meter.value, value);
    }
  }
  return text;
}

class Dump {
 public:
  explicit Dump(LedgerReader& ledger) : ledger_(ledger) {}

  std::string all() {
    facts();
    names();
    machines();
    sources();
    quarantine();
    rest();
    return std::move(text_);
  }

 private:
  template <class... Args>
  void say(fmt::format_string<Args...> format, Args&&... args) {
    text_ += fmt::format(format, std::forward<Args>(args)...);
    text_ += '\n';
  }

  /// The value, or an empty one and the failure in the text.
  template <class T>
  T value(Result<T> result) {
    if (result) return std::move(result).value();
    say("FAILED: {}", result.error().message);
    return T{};
  }

  void facts() {
    const LedgerFacts facts = value(ledger_.facts());
    say("schema {} commits {} segments '{}' forgotten {} quarantine {} not kept {}",
        facts.schema_version, facts.commits, facts.segments_digest,
        facts.ids_forgotten_before.value_or(UtcTime{-1}).us, facts.quarantine_bytes,
        facts.quarantine_not_kept);
    commits_ = facts.commits;
  }

  void names() {
    names_ = value(ledger_.dictionary());
    for (const auto& [key, name] : names_.machines) say("machine {} {}", key.value, name.str());
    for (const auto& [key, name] : names_.scopes) say("scope {} {}", key.value, name.str());
    for (const auto& [key, labels] : names_.label_sets)
      say("labels {} {}", key.value, to_text(labels));
    for (const auto& [key, name] : names_.meters) say("meter {} {}", key.value, name.str());
  }

  void machines() {
    for (const auto& [key, facts] : value(ledger_.machines()))
      say("facts {} {} {} {} retired {} {}", facts.key.value, facts.name.str(),
          to_string(facts.first_slot), to_string(facts.last_slot),
          facts.retired.value_or(UtcTime{-1}).us, line(facts.seen));
    for (const auto& [machine, holds] : value(ledger_.all_holds()))
      for (const auto& [epoch, hold] : holds)
        say("hold {} e{} {}{}", machine.value, epoch.value, to_string(hold.from),
            hold.discarded ? " discarded " + to_string(*hold.discarded) : "");
    for (const auto& entry : names_.machines) machine(entry.first);
  }

  void machine(MachineKey key) {
    for (const auto& [epoch, facts] : value(ledger_.epochs(key)))
      say("epoch {} of {} {} boot {} labels {} {}", epoch.value, facts.machine.value,
          facts.epoch.str(), facts.boot.str(), facts.labels.value, line(facts.seen));
    for (const auto& [boot, decision] : value(ledger_.decisions(key)))
      say("decision {} '{}' {} {}", key.value, boot.str(), to_string(decision.decision),
          decision.renamed_to.value);
    const SlotRange ever{Slot::containing({0}), Slot::containing({0}).plus(10'000'000)};
    const auto walked = ledger_.rows(key, ever, [&](Slot slot, const UsageRow& row) {
      say("row {} {}{}", key.value, to_string(slot), line(row));
      return Result<void>(ok());
    });
    if (!walked) say("FAILED: {}", walked.error().message);
    for (const auto& [total, quantity] : value(ledger_.totals(key)))
      say("total {} s{} l{} m{} {} = {}", total.machine.value, total.scope.value,
          total.labels.value, total.meter.value, to_string(total.segment), to_string(quantity));
  }

  void sources() {
    for (const auto& [source, counts] : value(ledger_.counts()))
      say("source {} {}+{}+{}", source, counts.applied, counts.repeated, counts.quarantined);
    for (const auto& [source, positions] : value(ledger_.positions()))
      for (const PartitionPosition& position : positions)
        say("position {} {}.{} next {} anchor {} {} {} replay {}", source, position.partition,
            position.incarnation, position.next_offset, position.anchor.value_or(Anchor{}).offset,
            hex(position.anchor.value_or(Anchor{}).digest),
            position.anchor.value_or(Anchor{}).recorded.value_or(UtcTime{-1}).us,
            position.replay_until);
    for (const Gap& gap : value(ledger_.gaps()))
      say("gap {} {}.{} {}-{} after {} detected {}", gap.source, gap.partition, gap.incarnation,
          gap.from, gap.to, gap.after.value_or(UtcTime{-1}).us, gap.detected.us);
  }

  void quarantine() {
    for (const auto& [state, count] : value(ledger_.quarantine_counts()))
      say("{} {}", to_string(state), count);
    for (const QuarantineItem& item : value(ledger_.quarantine(0, 1'000'000)))
      say("item {} {} {}@{} '{}' '{}' {} {} {} '{}' {}-{} x{} {} {} {} {} {}", item.id, item.source,
          item.position.partition, item.position.offset, item.machine, item.reading_key,
          item.weight, item.ordinal.value_or(-1), to_string(item.rejection.reason),
          item.rejection.detail, item.first_at.us, item.last_at.us, item.count,
          to_string(item.state), quoted(*item.delivery), item.value_bytes, hex(item.value_digest),
          item.releasable);
  }

  void rest() {
    for (const RecentSample& sample : value(ledger_.recent(kRecentMax)))
      say("recent {} {} {} {} {}", sample.machine.value, sample.at.us, sample.cpu_usage,
          sample.memory_usage, sample.is_sample);
    for (const PriceVersionUse& use : value(ledger_.price_versions()))
      say("price {} {} {} '{}' {}", use.meter, use.unit, use.scopes, use.from, use.digest);
    for (std::int64_t batch = 1; batch <= commits_; ++batch) {
      // kNotFound is of those without.
      static_cast<void>(ledger_.evidence(batch, [&](const EvidenceItem& item) {
        say("evidence {} {} {}@{} {}", batch, item.source, item.position.partition,
            item.position.offset, quoted(item.delivery));
        return Result<void>(ok());
      }));
    }
  }

  LedgerReader& ledger_;
  Dictionary names_;
  std::int64_t commits_ = 0;
  std::string text_;
};

}  // namespace

std::string dump(LedgerReader& ledger) { return Dump(ledger).all(); }

}  // namespace meterbill
