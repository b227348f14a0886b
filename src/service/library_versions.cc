#include "service/library_versions.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <openssl/crypto.h>
#include <sqlite3.h>

#include <boost/version.hpp>

namespace meterbill {

std::vector<std::pair<std::string, std::string>> library_versions() {
  return {{"boost", fmt::format("{}.{}.{}", BOOST_VERSION / 100'000, BOOST_VERSION / 100 % 1'000,
                                BOOST_VERSION % 100)},
          {"fmt", fmt::format("{}.{}.{}", FMT_VERSION / 10'000, FMT_VERSION / 100 % 100,
                              FMT_VERSION % 100)},
          {"librdkafka", rd_kafka_version_str()},
          {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)},
          {"sqlite", sqlite3_libversion()}};
}

}  // namespace meterbill
