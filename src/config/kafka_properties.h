#pragma once

#include <span>
#include <string>
#include <string_view>

namespace meterbill {

/// Keys `kafka.<property>` are handed to librdkafka as they are, except these.
inline constexpr std::string_view kKafkaPrefix = "kafka.";

/// A librdkafka property that is not the operator's to set: a wrong value loses or repeats usage.
struct DeniedProperty {
  std::string_view name;
  std::string_view reason;
};

/// Sorted by name.
[[nodiscard]] std::span<const DeniedProperty> denied_kafka_properties();

/// Why this property (without `kafka.`) is refused; empty when it is passed through.
[[nodiscard]] std::string_view kafka_denial(std::string_view property);

/// Whether the value is kept out of argv, logs and `config show`: any name that speaks of a
/// password, a secret, a token or a key. Rather one too many: a misspelt `sasl.pasword` must not be
/// printed either.
[[nodiscard]] bool is_kafka_secret(std::string_view property);

/// Lower-case letters, digits and dots, as librdkafka names its properties.
[[nodiscard]] bool is_kafka_property(std::string_view property);

}  // namespace meterbill
