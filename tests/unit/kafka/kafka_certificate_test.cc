#include "adapters/kafka/kafka_certificate.h"

#include <gmock/gmock.h>
#include <openssl/x509_vfy.h>

#include <charconv>

namespace meterbill {
namespace {

using testing::HasSubstr;

/// DER of a certificate of /CN=kafka, signed by /CN=ca, of 1 January 2020 and for a day; for
/// DNS:kafka-1.example, IP:192.0.2.5 and IP:2001:db8::5.
constexpr std::string_view kHex =
    "308201a53082014ba0030201020214528ddc5d9d8bb5d7c4c3cf8a39f140489670f61c300a06082a8648ce3d0403"
    "02300d310b300906035504030c026361301e170d3230303130313030303030305a170d3230303130323030303030"
    "305a3010310e300c06035504030c056b61666b613059301306072a8648ce3d020106082a8648ce3d030107034200"
    "04943f5df29b04f4cd8f1c0834ae97d9b8fb8d249d44fff8ddad18c39822c893e5a533ae8b95e76dab8389ace6ae"
    "2abf82ad1c36ab8a8db6b5d9e92d5bd8ff3fe7a38185308182301d0603551d0e04160414d6f9277a8a2737ee1ee5"
    "0f6aa6936406a6b6d7db301f0603551d2304183016801438e122fc90a2dbea99fffdd811bfa8098ccf7eb5303206"
    "03551d11042b3029820f6b61666b612d312e6578616d706c658704c0000205871020010db8000000000000000000"
    "000005300c0603551d130101ff04023000300a06082a8648ce3d04030203480030450220628e59ff173fc6775dd7"
    "66ca8fb593f281ef6df60cb09edc8b1fb016b88f7bb302210083580c87f7d336f06e26c959fa949c4d340fdc5750"
    "298f00b78456b3ab314627";

std::string certificate() {
  std::string bytes;
  for (std::size_t at = 0; at < kHex.size(); at += 2) {
    unsigned byte = 0;
    std::from_chars(kHex.data() + at, kHex.data() + at + 2, byte, 16);
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

TEST(KafkaCertificateTest, TheVerdictIsToldWithWhatTheCertificateSays) {
  struct Row {
    int verdict;
    const char* what;
    const char* remedy;
  };
  const std::vector<Row> rows{
      {X509_V_ERR_HOSTNAME_MISMATCH,
       "the certificate is for kafka-1.example, 192.0.2.5, 2001:db8::5, not for 192.0.2.9",
       "name the broker as its certificate does"},
      {X509_V_ERR_IP_ADDRESS_MISMATCH,
       "the certificate is for kafka-1.example, 192.0.2.5, 2001:db8::5, not for 192.0.2.9",
       "kafka.ssl.endpoint.identification.algorithm=none"},
      {X509_V_ERR_CERT_HAS_EXPIRED, "the certificate /CN=kafka expired at 2020-01-02T00:00:00Z",
       "renew it"},
      {X509_V_ERR_CERT_NOT_YET_VALID,
       "the certificate /CN=kafka is not valid before 2020-01-01T00:00:00Z", "clock"},
      {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
       "the certificate of 192.0.2.9 is signed by an authority unknown here: /CN=ca",
       "kafka.ssl.ca.location"},
      {X509_V_ERR_CERT_REVOKED, "the certificate of 192.0.2.9 is not good: certificate revoked",
       "kafka.ssl.ca.location"},
  };
  for (const Row& row : rows) {
    const BadCertificate bad = explain_certificate(row.verdict, "192.0.2.9:9093", certificate());
    EXPECT_EQ(bad.what, row.what);
    EXPECT_THAT(bad.remedy, HasSubstr(row.remedy));
  }
}

TEST(KafkaCertificateTest, OneThatCannotBeReadIsToldAllTheSame) {
  for (const std::string& der : {std::string(), certificate().substr(0, 100)})
    EXPECT_EQ(explain_certificate(X509_V_ERR_CERT_HAS_EXPIRED, "[::1]:9093", der).what,
              "the certificate of [::1] is not good: certificate has expired");
}

}  // namespace
}  // namespace meterbill
