#include "domain/statement.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/assert.h"

namespace meterbill {

Result<Statement> make_statement(StatementFacts facts, Bill bill,
                                 const std::map<MachineId, MachineNote>& notes) {
  std::map<MachineId, MachineStatement> machines;
  for (const auto& [machine, note] : notes) machines[machine].note = note;
  for (Line& line : bill.lines) {
    MachineStatement& part = machines[line.key.machine];
    MB_TRY(part.exact_total, add(part.exact_total, line.cost));
    MB_TRY(part.total, add(part.total, line.amount));
    part.lines.push_back(std::move(line));
  }
  for (UnpricedLine& line : bill.unpriced)
    machines[line.key.machine].unpriced.push_back(std::move(line));
  for (auto& [machine, left_out] : bill.not_billed)
    machines[machine].not_billed = std::move(left_out);
  Statement statement{.facts = std::move(facts),
                      .currency = bill.currency,
                      .quantity_decimals = bill.quantity_decimals,
                      .machines = {},
                      .exact_total = bill.exact_total,
                      .total = bill.total};
  for (auto& [machine, part] : machines) {
    part.machine = machine;
    statement.machines.push_back(std::move(part));
  }
  return statement;
}

std::string difference_sentence(const Cost& exact_total, const Amount& total,
                                const Currency& currency) {
  if (exact(total, currency) == exact_total) return "";
  return fmt::format("The total is the sum of the rounded amounts; unrounded it is {}.",
                     to_string(exact_total));
}

std::vector<Int128> split(Int128 total, const std::vector<Int128>& weights) {
  const Int128 sum = std::accumulate(weights.begin(), weights.end(), Int128{0});
  std::vector<Int128> shares(weights.size(), 0);
  if (sum == 0) return shares;
  std::vector<std::pair<Int128, std::size_t>> remainders;
  Int128 left = total;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    MB_ASSERT(weights[i] >= 0);
    shares[i] = weights[i] * total / sum;
    left -= shares[i];
    remainders.emplace_back(-(weights[i] * total % sum), i);  // greatest first, then lowest index
  }
  std::ranges::sort(remainders);
  for (const auto& [remainder, index] : remainders) {
    if (left == 0) break;
    ++shares[index];
    --left;
  }
  return shares;
}

}  // namespace meterbill
