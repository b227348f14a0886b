#pragma once

#include <array>

#include "base/log.h"

namespace meterbill::worker_event {

// Ids are never used again for another event: they are searched for, and alarmed on.

inline constexpr LogEvent kStarted{
    .id = 2000,
    .level = LogLevel::kInfo,
    .text = "worker started",
    .meaning = "The ledger is open, and the worker takes readings and answers questions."};
inline constexpr LogEvent kStopped{
    .id = 2001,
    .level = LogLevel::kInfo,
    .text = "worker stopped",
    .meaning =
        "All that was acknowledged is in the ledger. Agents keep what they measure until "
        "the worker is back."};
inline constexpr LogEvent kPriceChanged{
    .id = 2002,
    .level = LogLevel::kWarning,
    .text = "prices were changed after they were used",
    .meaning =
        "Bills of that time come out otherwise than when they were given out. Every "
        "statement says so.",
    .remedy =
        "Put the old price back and add a new row with a later `from`; "
        "`meterbill prices check` compares the file with what was used."};

inline constexpr LogEvent kSourceClaimed{
    .id = 2010,
    .level = LogLevel::kInfo,
    .text = "source taken over",
    .meaning =
        "This worker reads the source from the position that its ledger holds. Another "
        "one with the same ledger can no longer write."};
inline constexpr LogEvent kSourceNotReady{
    .id = 2011,
    .level = LogLevel::kWarning,
    .text = "source not ready: what it holds waits",
    .meaning =
        "Nothing is read from the source for the REASON that is named. Nothing is lost as "
        "long as the source keeps it.",
    .remedy =
        "Do what the REASON says; `meterbill kafka check --worker` tries a broker step by "
        "step."};
inline constexpr LogEvent kSourceReadyAgain{.id = 2012,
                                            .level = LogLevel::kNotice,
                                            .text = "source ready again",
                                            .meaning = "What waited is being read.",
                                            .ends = 2011};
inline constexpr LogEvent kPartitionNotRead{
    .id = 2013,
    .level = LogLevel::kWarning,
    .text = "partition not read: what it holds waits",
    .meaning = "This partition stands still for the REASON that is named; the others go on.",
    .remedy =
        "Do what the REASON says. A partition that was made anew is read after "
        "`meterbill kafka accept --partition N`."};
inline constexpr LogEvent kPartitionReadAgain{.id = 2014,
                                              .level = LogLevel::kNotice,
                                              .text = "partition read again",
                                              .meaning = "What waited is being read.",
                                              .ends = 2013};
inline constexpr LogEvent kRecordsExpired{
    .id = 2015,
    .level = LogLevel::kError,
    .text =
        "records were gone before they were read: later readings say what readings in them "
        "said (`meterbill agent send --again` hurries them), samples and usage events are lost",
    .meaning =
        "Kafka dropped records by its retention before the worker came to them. The gap "
        "stands on bills.",
    .remedy =
        "Raise the retention of the topic above the longest outage you want to bear. Have "
        "agents send again what they keep."};
inline constexpr LogEvent kPartitionAccepted{
    .id = 2016,
    .level = LogLevel::kNotice,
    .text = "recreated partition accepted; it is read from the beginning",
    .meaning =
        "An operator said that this partition is a new one. Samples that stood in it then "
        "are quarantined as replayed; readings and events count once however often they "
        "come.",
    .each = true};

inline constexpr LogEvent kLedgerUnwritable{
    .id = 2020,
    .level = LogLevel::kError,
    .text = "ledger cannot be written: nothing is accepted until it can; nothing is lost",
    .meaning = "What comes is refused or left at the source, and comes again.",
    .remedy = "Free space on the disk of worker.state_dir, or mend it; see the ERROR."};
inline constexpr LogEvent kLedgerWritableAgain{.id = 2021,
                                               .level = LogLevel::kNotice,
                                               .text = "ledger can be written again",
                                               .meaning = "What waited is being taken.",
                                               .ends = 2020};
inline constexpr LogEvent kTotalsRebuilt{
    .id = 2022,
    .level = LogLevel::kNotice,
    .text = "running totals rebuilt: prices or months changed",
    .meaning =
        "Totals are kept for each price and month, so they were summed anew from the "
        "quarter hours. No usage has changed."};
inline constexpr LogEvent kCommitted{
    .id = 2023, .level = LogLevel::kDebug, .text = "committed", .meaning = "A batch is durable."};

inline constexpr LogEvent kQuarantined{
    .id = 2030,
    .level = LogLevel::kWarning,
    .text = "quarantined: see `meterbill quarantine list`",
    .meaning =
        "An item was not applied for the REASON that is named. It is kept and shown, and "
        "is on no bill.",
    .remedy =
        "`meterbill quarantine list` shows it; `release` applies it on your word, `discard` "
        "settles it."};
inline constexpr LogEvent kConflict{
    .id = 2031,
    .level = LogLevel::kWarning,
    .text =
        "conflict: two machines use one name; their usage is held until `meterbill machine "
        "resolve`",
    .meaning =
        "Readings of two boots under one name cannot both be of one machine: a cloned disk, "
        "or one machine_id given twice. Their usage is on no bill until it is decided.",
    .remedy =
        "`meterbill machine list --machine NAME` shows the boots; `meterbill machine resolve` "
        "decides. Give one of the machines its own agent.machine_id."};
inline constexpr LogEvent kDecided{.id = 2032,
                                   .level = LogLevel::kNotice,
                                   .text = "conflict decided",
                                   .meaning = "An operator decided what is billed of these boots.",
                                   .each = true};

inline constexpr LogEvent kBackupMade{
    .id = 2040,
    .level = LogLevel::kNotice,
    .text = "backup made and verified",
    .meaning = "The FILE is a whole ledger as of the COMMIT that is named.",
    .each = true};
inline constexpr LogEvent kBackupFailed{
    .id = 2041,
    .level = LogLevel::kWarning,
    .text = "backup not made; nothing of it is left, the ledger is as it was",
    .meaning = "The copy was taken away again.",
    .remedy =
        "Look at the ERROR. The service may write below its own folder and into the folder that "
        "the "
        "packages made for backups."};

inline constexpr std::array kAll{
    kStarted,        kStopped,           kPriceChanged,     kSourceClaimed,
    kSourceNotReady, kSourceReadyAgain,  kPartitionNotRead, kPartitionReadAgain,
    kRecordsExpired, kPartitionAccepted, kLedgerUnwritable, kLedgerWritableAgain,
    kTotalsRebuilt,  kCommitted,         kQuarantined,      kConflict,
    kDecided,        kBackupMade,        kBackupFailed};

}  // namespace meterbill::worker_event
