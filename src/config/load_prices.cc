#include "config/load_prices.h"

#include <utility>

#include "config/price_file.h"
#include "config/text_file.h"

namespace meterbill {
namespace {

constexpr std::size_t kPriceFileBytesMax = std::size_t{4} << 20;

}  // namespace

Result<LoadedPrices> load_prices(const std::string& path, const TimeZoneDatabase& zones,
                                 const Sha256Hex& sha256_hex) {
  std::string text(built_in_prices());
  if (!path.empty()) {
    MB_TRY(text, read_text_file(path, kPriceFileBytesMax));
  }
  std::string name = path.empty() ? kBuiltInPrices : path;
  MB_TRY(PriceBook book, parse_prices(text, name, zones));
  std::string digest = sha256_hex(book.text());
  return LoadedPrices{std::move(book), std::move(name), std::move(digest)};
}

}  // namespace meterbill
