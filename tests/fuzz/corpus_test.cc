#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz/wire_target.h"

namespace meterbill {
namespace {

std::vector<std::string> corpus() {
  const std::filesystem::path folder = METERBILL_SOURCE_DIR "/tests/fuzz/corpus/wire";
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    files.push_back(entry.path());
  std::ranges::sort(files);
  std::vector<std::string> inputs;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return inputs;
}

TEST(WireCorpusTest, EveryInputOfTheFuzzerHolds) {
  const auto inputs = corpus();
  ASSERT_GE(inputs.size(), 20U);
  for (const std::string& input : inputs) check_wire(input);
}

/// One small damage: a byte changed, dropped, doubled, or put in, of those that matter to JSON.
std::string damaged(std::string text, std::mt19937_64& random) {
  constexpr std::string_view kBytes = "{}[]\",:\\0123456789.eE+-truefalsn \n\x80\xC3";
  if (text.empty()) return text;
  const std::size_t at = random() % text.size();
  const char byte = kBytes[random() % kBytes.size()];
  switch (random() % 4) {
    case 0:
      text[at] = byte;
      break;
    case 1:
      text.erase(at, 1 + random() % 3);
      break;
    case 2:
      text.insert(at, text.substr(at, 1 + random() % 8));
      break;
    default:
      text.insert(at, 1, byte);
  }
  return text;
}

TEST(WireCorpusTest, DamagedInputsHoldToo) {
  std::mt19937_64 random(20'261'122);
  for (const std::string& input : corpus()) {
    const int rounds = input.size() > 4'096 ? 5 : 150;
    for (int round = 0; round < rounds; ++round) {
      std::string text = input;
      for (std::uint64_t damage = random() % 3 + 1; damage > 0; --damage)
        text = damaged(std::move(text), random);
      SCOPED_TRACE(text);
      check_wire(text);
    }
  }
}

}  // namespace
}  // namespace meterbill
