"""Our guards, and how to take each of them out: the text that stands in the sources, what replaces
it in the copy, and who must notice.

`out` holds mutant("name"): a switch, so that one build serves for all. `by` is "sim" with the seeds
within which the simulator must fail, or a test program with the tests that must."""

from typing import NamedTuple


class Mutant(NamedTuple):
    name: str
    what: str  # the guard that is gone
    file: str
    keep: str  # stands exactly once in the file
    out: str
    by: tuple


SIM = "meterbill-sim"

MUTANTS = [
    Mutant(
        "merge_by_sum",
        "the greatest value is kept, not the sum",
        "src/domain/usage_row.cc",
        "  stored = seen;\n  return true;",
        '  stored = mutant("merge_by_sum") ? stored + seen : seen;\n  return true;',
        (SIM, 20),
    ),
    Mutant(
        "merge_keeps_newest",
        "the greatest value is kept, not the newest",
        "src/domain/usage_row.cc",
        "  if (seen <= stored) return false;",
        '  if (seen == stored || (seen < stored && !mutant("merge_keeps_newest"))) return false;',
        (SIM, 100),
    ),
    Mutant(
        "position_outside_transaction",
        "the position is stored in the transaction of its effects",
        "src/adapters/sqlite/sqlite_ledger.cc",
        """  return in("commit", transact([&]() -> Result<bool> {
              MB_TRY(const bool ours, ledger_writer::owns(connection(), write, fences));""",
        """  if (mutant("position_outside_transaction") && !write.positions.empty()) {
    WriteSet effects = write;
    effects.positions.clear();
    MB_TRY(const CommitOutcome first, commit(effects, fences));
    if (first != CommitOutcome::kCommitted) return first;
    WriteSet position;
    position.at = write.at;
    position.positions = write.positions;
    return in("commit", transact([&]() -> Result<bool> {
                MB_TRYV(ledger_writer::apply(connection(), position, limits_));
                return true;
              }));
  }
  return in("commit", transact([&]() -> Result<bool> {
              MB_TRY(const bool ours, ledger_writer::owns(connection(), write, fences));""",
        (SIM, 1000),
    ),
    Mutant(
        "no_fence",
        "a worker whose source was taken over commits no more",
        "src/adapters/sqlite/sqlite_ledger.cc",
        "              if (!ours) return false;",
        '              if (!ours && !mutant("no_fence")) return false;',
        ("ledger_contract_test", "*ACommitUnderAnOldFenceChangesNothing*"),
    ),
    Mutant(
        "unsynced_commit",
        "a commit is on the disk when it returns",
        "src/adapters/sqlite/sqlite_db.cc",
        'db.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")',
        'db.execute(mutant("unsynced_commit")\n'
        '      ? "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF"\n'
        '      : "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")',
        (SIM, 200),
    ),
    Mutant(
        "offset_reset_accepted",
        "a log that ends before what was read halts the partition",
        "src/adapters/kafka/kafka_partition.cc",
        "  if (high < next)\n",
        '  if (mutant("offset_reset_accepted") && high < next)\n'
        '    return {Kind::kContinue, high, ""};\n'
        "  if (high < next)\n",
        ("kafka_test", "*"),
    ),
    Mutant(
        "no_anchor",
        "the record at the anchor is compared before anything is read",
        "src/adapters/kafka/kafka_partition.cc",
        "  if (stored->anchor && stored->anchor->offset >= low)\n",
        '  if (!mutant("no_anchor") && stored->anchor && stored->anchor->offset >= low)\n',
        ("kafka_test", "*"),
    ),
    Mutant(
        "gap_not_told",
        "records that expired unread are told",
        "src/adapters/kafka/kafka_partitions.cc",
        "    gaps_.push_back({.partition = id,",
        '    if (!mutant("gap_not_told")) gaps_.push_back({.partition = id,',
        (SIM, 20),
    ),
    Mutant(
        "gap_ends_early",
        "a gap ends with the last record that expired unread",
        "src/adapters/kafka/kafka_partitions.cc",
        "                     .to = plan.offset - 1});",
        "                     .to = plan.offset -\n"
        '                           (mutant("gap_ends_early") &&\n'
        "                                    plan.offset - position->next_offset > 1\n"
        "                                ? 2\n"
        "                                : 1)});",
        (SIM, 50),
    ),
    Mutant(
        "gap_begins_late",
        "a gap begins with the first record that expired unread",
        "src/adapters/kafka/kafka_partitions.cc",
        "                     .from = position->next_offset,",
        "                     .from = position->next_offset +\n"
        '                             (mutant("gap_begins_late") ? 1 : 0),',
        (SIM, 20),
    ),
    Mutant(
        "staged_not_dropped",
        "what was handed over and refused is read again",
        "src/adapters/kafka/kafka_partitions.cc",
        "    partition.next_offset = applied;\n    replan();",
        '    if (!mutant("staged_not_dropped")) partition.next_offset = applied;\n    replan();',
        (SIM, 300),
    ),
    Mutant(
        "ahead_not_dropped",
        "what was read ahead of a refused batch is read again",
        "src/worker/worker.cc",
        "  intake_.drop();",
        '  if (!mutant("ahead_not_dropped")) intake_.drop();',
        ("worker_test", "IntakeTest.*"),
    ),
    Mutant(
        "ahead_without_positions",
        "what was read ahead is judged by the positions it is applied at",
        "src/worker/intake.cc",
        "    ahead_.pop_front();\n  } else {",
        "    ahead_.pop_front();\n"
        '    if (mutant("ahead_without_positions")) {\n'
        "      for (std::size_t i = 0; i < feeds.size(); ++i) batches[i].source = feeds[i].name;\n"
        "      return batches;\n"
        "    }\n"
        "  } else {",
        ("worker_test", "IntakeTest.*"),
    ),
    Mutant(
        "portion_not_followed",
        "a portion is judged by the positions at which those before it end",
        "src/worker/worker.cc",
        "  batch_->follow(portion);",
        '  if (!mutant("portion_not_followed")) batch_->follow(portion);',
        ("worker_test", "PortionsTest.*"),
    ),
    Mutant(
        "batch_not_dropped",
        "of a refused batch no portion is left",
        "src/worker/worker.cc",
        "  batch_.reset();",
        '  if (!mutant("batch_not_dropped")) batch_.reset();',
        ("worker_test", "PortionsTest.*"),
    ),
    Mutant(
        "unknown_outcome_believed",
        "a commit of unknown outcome is read back",
        "src/worker/worker.cc",
        "  return facts.commits > commits_before;",
        '  return facts.commits > commits_before || mutant("unknown_outcome_believed");',
        ("worker_test", "WorkerTest.AnUnknownOutcomeIsReadBack"),
    ),
    Mutant(
        "command_before_ahead",
        "a command waits for what was read ahead",
        "src/worker/worker.cc",
        "  if (!intake_.is_ahead()) run_commands();",
        '  if (!intake_.is_ahead() || mutant("command_before_ahead")) run_commands();',
        ("worker_test", "IntakeTest.*"),
    ),
    Mutant(
        "ahead_left_at_stop",
        "a worker that is stopped applies and answers what it read ahead",
        "src/worker/worker.cc",
        "  while (!stop.stop_requested() || intake_.is_ahead()) {",
        '  while (!stop.stop_requested() ||\n'
        '         (intake_.is_ahead() && !mutant("ahead_left_at_stop"))) {',
        ("worker_test", "IntakeTest.*"),
    ),
    Mutant(
        "spool_drops_offered",
        "a row stays in the spool until it is acknowledged",
        "src/adapters/sqlite/sqlite_spool_sending.cc",
        'db_.query("UPDATE rows SET offered=?1 WHERE offered=0 "',
        'db_.query(std::string("UPDATE rows SET ") + (mutant("spool_drops_offered")\n'
        '      ? "acknowledged=?1 WHERE 1 " : "offered=?1 WHERE offered=0 ") +',
        (SIM, 50),
    ),
    Mutant(
        "acknowledges_newest",
        "an acknowledgement counts for the version that was sent",
        "src/adapters/sqlite/sqlite_spool_sending.cc",
        'db_.query("UPDATE rows SET acknowledged=max(acknowledged, ?1), acknowledged_at=?5, "',
        'db_.query(std::string("UPDATE rows SET acknowledged=") +\n'
        '      (mutant("acknowledges_newest") ? "max(version, ?1)" : "max(acknowledged, ?1)") +\n'
        '      ", acknowledged_at=?5, "',
        ("spool_contract_test", "*"),
    ),
    Mutant(
        "checkpoint_first",
        "rows and checkpoint are saved in one transaction",
        "src/adapters/sqlite/sqlite_spool.cc",
        "Result<void> SqliteSpool::save_once(const TickRecord& tick, bool tight) {\n",
        "Result<void> SqliteSpool::save_once(const TickRecord& tick, bool tight) {\n"
        '  if (mutant("checkpoint_first")) {\n'
        "    MB_TRYV(save_checkpoint(tick.checkpoint));\n  }\n",
        (SIM, 500),
    ),
    Mutant(
        "never_sent_again",
        "what was acknowledged is sent once more after 48 h",
        "src/adapters/sqlite/sqlite_spool_sending.cc",
        "  MB_TRYV(update->bind(1, now.us - kKeepAcknowledgedUs).run());",
        '  if (!mutant("never_sent_again")) {\n'
        "    MB_TRYV(update->bind(1, now.us - kKeepAcknowledgedUs).run());\n  }",
        (SIM, 300),
    ),
    Mutant(
        "log_trusted",
        "what a log holds when a file is opened is written anew",
        "src/adapters/sqlite/sqlite_db.cc",
        "  MB_TRYV(write_anew_what_the_log_holds(db));",
        """  if (!mutant("log_trusted")) {
    MB_TRYV(write_anew_what_the_log_holds(db));
  }""",
        ("sqlite_test", "*LedgerFaultSweep*/SyncErrorThenKill"),
    ),
    Mutant(
        "off_not_booked",
        "the time a host was off before its boot is told",
        "src/agent/metering.cc",
        "  if (last_->end != EndMark::kOperator) totals.book_off(",
        '  if (last_->end != EndMark::kOperator && !mutant("off_not_booked"))\n'
        "    totals.book_off(",
        (SIM, 20),
    ),
    Mutant(
        "memory_without_end",
        "one sample of memory counts for three intervals at most",
        "src/agent/metering.cc",
        "  const std::int64_t memory_us = std::min(ran, memory_left_us_);",
        "  const std::int64_t memory_us =\n"
        '      mutant("memory_without_end") ? ran : std::min(ran, memory_left_us_);',
        (SIM, 50),
    ),
    Mutant(
        "rest_dropped",
        "what is below a KiB·s is carried to the next tick",
        "src/agent/metering.cc",
        "  last_->memory_rest = rests.used;",
        '  last_->memory_rest = mutant("rest_dropped") ? 0 : rests.used;',
        (SIM, 20),
    ),
    Mutant(
        "capacity_while_suspended",
        "no capacity is counted while a host is suspended",
        "src/agent/slot_totals.cc",
        "    slot.used[kCpuCapacity] += use.cores * ran[i];",
        "    slot.used[kCpuCapacity] += use.cores *\n"
        '        (mutant("capacity_while_suspended") ? portions[i].length_us() : ran[i]);',
        (SIM, 200),
    ),
    Mutant(
        "covers_twice",
        "time that two agents of one boot saw is covered once",
        "src/domain/slot_cover.cc",
        "    if (epochs_ < 2) return sum_;",
        '    if (epochs_ < 2 || mutant("covers_twice")) return sum_;',
        ("domain_billing_test", "SlotCoverTest.*"),
    ),
    Mutant(
        "saves_every_other_tick",
        "what a tick metered is saved with it",
        "src/agent/agent.cc",
        "  save(end);\n  if (!save_failed_) keep_house(now.utc);",
        "  static int ticks = 0;\n"
        '  if (!mutant("saves_every_other_tick") || ++ticks % 2 == 0) save(end);\n'
        "  if (!save_failed_) keep_house(now.utc);",
        (SIM, 20),
    ),
    Mutant(
        "ready_while_halted",
        "a source of which a partition stands still is not ready",
        "src/adapters/kafka/kafka_partitions.cc",
        "  status.ready = status.reason.empty();",
        '  status.ready = status.reason.empty() || mutant("ready_while_halted");',
        (SIM, 300),
    ),
    Mutant(
        "folds_a_rest",
        "of a slot of which rows were sent and dropped nothing is folded",
        "src/adapters/sqlite/spool_fold.cc",
        "const bool is_whole = row->integer(5) == 1;",
        'const bool is_whole = row->integer(5) == 1 || mutant("folds_a_rest");',
        ("sqlite_test", "SqliteSpoolTest.*"),
    ),
    Mutant(
        "folds_offered",
        "a slot of which something was offered is never folded",
        "src/adapters/sqlite/spool_fold.cc",
        "const bool is_offered = row->integer(3) > 0;",
        'const bool is_offered = row->integer(3) > 0 && !mutant("folds_offered");',
        ("sqlite_test", "*Spool*"),
    ),
    Mutant(
        "samples_read_twice",
        "samples below the position are passed over",
        "src/worker/items.cc",
        "         position.offset < found->second.next_offset;",
        '         position.offset < found->second.next_offset && !mutant("samples_read_twice");',
        ("worker_test", "*"),
    ),
    Mutant(
        "replayed_counted",
        "samples of a log that was accepted anew are put aside",
        "src/worker/items.cc",
        "    if (replayed)\n",
        '    if (replayed && !mutant("replayed_counted"))\n',
        (SIM, 500),
    ),
    Mutant(
        "event_ids_not_kept",
        "a usage event with a known id is not added again",
        "src/adapters/sqlite/sqlite_ledger_upkeep.cc",
        "  return (now.us - keep_us) / kHourUs * kHourUs;",
        '  if (mutant("event_ids_not_kept")) return now.us + kHourUs;\n'
        "  return (now.us - keep_us) / kHourUs * kHourUs;",
        ("ledger_contract_test", "*"),
    ),
    Mutant(
        "event_ids_forgotten_early",
        "an id is forgotten only below the bound that the ledger stores with it",
        "src/adapters/sqlite/sqlite_ledger_upkeep.cc",
        "  query->bind(1, before_us).bind(2, kEventsPerCall);",
        '  query->bind(1, before_us + (mutant("event_ids_forgotten_early") ? kHourUs : 0))\n'
        "      .bind(2, kEventsPerCall);",
        ("ledger_contract_test", "*"),
    ),
    Mutant(
        "forgotten_event_taken",
        "a usage event older than the ids that are kept is put aside",
        "src/worker/items.cc",
        "    if (ids_forgotten_before_ && event.time < *ids_forgotten_before_)\n",
        "    if (ids_forgotten_before_ && event.time < *ids_forgotten_before_ &&\n"
        '        !mutant("forgotten_event_taken"))\n',
        ("worker_test", "*"),
    ),
    Mutant(
        "event_added_again",
        "an event that comes twice counts once",
        "src/worker/batch.cc",
        "  if (known_events_.contains(key)) return count(item.origin, Outcome::kRepeated);",
        '  if (known_events_.contains(key) && !mutant("event_added_again"))\n'
        "    return count(item.origin, Outcome::kRepeated);",
        (SIM, 300),
    ),
    Mutant(
        "conflict_ignored",
        "readings that cannot be true together are held",
        "src/domain/hold.cc",
        "bool overlap(const Cover& a, const Cover& b) {\n",
        "bool overlap(const Cover& a, const Cover& b) {\n"
        '  if (mutant("conflict_ignored")) return false;\n',
        (SIM, 500),
    ),
    Mutant(
        "off_counts",
        "time a host was off does not count as covered",
        "src/domain/hold.cc",
        "Int128{span.cover.metered_us} + span.cover.estimated_us;",
        "Int128{span.cover.metered_us} + span.cover.estimated_us +\n"
        '               (mutant("off_counts") ? span.cover.off_us : 0);',
        (SIM, 1000),
    ),
    Mutant(
        "capacity_unchecked",
        "more core time than there was is refused",
        "src/domain/reading.cc",
        "std::optional<Rejection> implausible(const Reading& reading) {\n",
        "std::optional<Rejection> implausible(const Reading& reading) {\n"
        '  if (mutant("capacity_unchecked")) return std::nullopt;\n',
        ("domain_usage_test", "*"),
    ),
    Mutant(
        "future_taken",
        "slots that have not begun are put aside",
        "src/domain/reading.cc",
        "std::optional<Rejection> untimely(Slot slot, UtcTime recorded, UtcTime now) {\n",
        "std::optional<Rejection> untimely(Slot slot, UtcTime recorded, UtcTime now) {\n"
        '  if (mutant("future_taken")) return std::nullopt;\n',
        ("domain_usage_test", "*"),
    ),
    Mutant(
        "slot_goes_back",
        "within an epoch the slot never goes back",
        "src/agent/slot_totals.cc",
        "earliest_ = std::max(earliest_, Slot::containing(now));",
        'earliest_ = mutant("slot_goes_back") ? Slot::containing(now)\n'
        "      : std::max(earliest_, Slot::containing(now));",
        ("agent_test", "*"),
    ),
    Mutant(
        "gap_is_metered",
        "a gap of more than three ticks is estimated",
        "src/agent/metering.cc",
        "  const bool estimated = gap > kGapTicks * options_.interval_us;",
        "  const bool estimated =\n"
        '      gap > kGapTicks * options_.interval_us && !mutant("gap_is_metered");',
        (SIM, 200),
    ),
    Mutant(
        "clock_step_ignored",
        "a step of the wall clock begins a new epoch",
        "src/agent/metering.cc",
        "epochs_.back().wall_less_boot_us) > kClockStepUs)",
        "epochs_.back().wall_less_boot_us) > kClockStepUs &&\n"
        '      !mutant("clock_step_ignored"))',
        (SIM, 200),
    ),
    Mutant(
        "boot_counts_from_checkpoint",
        "the counters of a new boot begin at 0",
        "src/agent/metering.cc",
        "  last_->cpu_busy_us = 0;",
        '  if (!mutant("boot_counts_from_checkpoint")) last_->cpu_busy_us = 0;',
        (SIM, 200),
    ),
    Mutant(
        "held_is_billed",
        "what is held is in no total",
        "src/domain/hold.cc",
        "  if (hold == holds.end() || slot < hold->second.from) return Standing::kBilled;",
        "  if (hold == holds.end() || slot < hold->second.from ||\n"
        '      mutant("held_is_billed"))\n    return Standing::kBilled;',
        (SIM, 500),
    ),
    Mutant(
        "answered_before_commit",
        "a request is answered after its commit, not before",
        "src/worker/worker.cc",
        "  Result<CommitOutcome> outcome = store_.commit(batch_->write(), fences);",
        """  if (mutant("answered_before_commit"))
    for (const auto& [key, counts] : batch_->requests())
      if (feeds_[key.first].source->route() == Route::kHttp)
        feeds_[key.first].source->answer(key.second, counts);
  Result<CommitOutcome> outcome = store_.commit(batch_->write(), fences);""",
        (SIM, 300),
    ),
    Mutant(
        "special_time_not_told",
        "of a segment with something that its totals cannot tell the rows are read",
        "src/worker/contribution.cc",
        "      time.special = 1;\n    else if",
        '      time.special = mutant("special_time_not_told") ? 0 : 1;\n    else if',
        ("worker_test", "MergePropertyTest.*"),
    ),
    Mutant(
        "first_slot_due",
        "of slots that are not due wholly the rows are read",
        "src/worker/statement_query.cc",
        "    for (const SlotRange range : sum.not_due())",
        '    if (mutant("first_slot_due")) return ok();\n'
        "    for (const SlotRange range : sum.not_due())",
        ("worker_test", "MergePropertyTest.*"),
    ),
    Mutant(
        "labels_of_the_message",
        "labels belong to the epoch; other ones are put aside",
        "src/worker/batch.cc",
        "    if (facts.boot != head.boot || facts.labels != in_use.labels)",
        "    if (facts.boot != head.boot ||\n"
        '        (facts.labels != in_use.labels && !mutant("labels_of_the_message")))',
        ("worker_test", "*"),
    ),
    Mutant(
        "rounds_twice",
        "an amount is rounded once",
        "src/domain/money.cc",
        "Result<Amount> rounded(const Cost& cost, const Currency& currency) {\n",
        """Result<Amount> rounded(const Cost& cost, const Currency& currency) {
  if (mutant("rounds_twice")) {
    MB_TRY(const Int128 tenths,
           shift_half_even(cost.value, kCostDecimals - currency.minor_digits() - 1));
    MB_TRY(const Int128 twice, shift_half_even(Int256(tenths), 1));
    return Amount{twice};
  }
""",
        ("domain_billing_test", "*"),
    ),
]
