#pragma once

#include <boost/crc.hpp>
#include <initializer_list>
#include <string>

namespace meterbill {

/// `bytes` with the CRC-32C that ends what the ledger packs, worked out by Boost alone.
inline std::string sealed(std::string bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  for (unsigned shift = 0; shift < 32; shift += 8)
    bytes += static_cast<char>(crc.checksum() >> shift & 0xFF);
  return bytes;
}

inline std::string bytes_of(std::initializer_list<unsigned> bytes) {
  std::string text;
  for (const unsigned byte : bytes) text += static_cast<char>(byte);
  return text;
}

}  // namespace meterbill
