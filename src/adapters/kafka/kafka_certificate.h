#pragma once

#include <librdkafka/rdkafka.h>

#include <string>
#include <string_view>

namespace meterbill {

class KafkaSignals;

/// What to do when no known authority vouches for a broker.
inline constexpr std::string_view kNameTheAuthority =
    "set kafka.ssl.ca.location to the CA file of your Kafka, or ask its administrator for it";

/// Why the certificate of a broker was not taken, and what to do.
struct BadCertificate {
  std::string what;
  std::string remedy;
};

/// `x509_error`: OpenSSL's verdict (X509_V_ERR_…). `broker`: host:port as it was asked for. `der`:
/// the certificate that the verdict is about, of the broker or of an authority above it.
[[nodiscard]] BadCertificate explain_certificate(int x509_error, std::string_view broker,
                                                 std::string_view der);

/// What goes wrong with the connections of a client made from `conf` is noted in `signals`, which
/// become its opaque. librdkafka says the same words whatever is wrong with a certificate, so that
/// is noted beside; what OpenSSL refuses stays refused.
void note_failures(rd_kafka_conf_t* conf, KafkaSignals& signals);

}  // namespace meterbill
