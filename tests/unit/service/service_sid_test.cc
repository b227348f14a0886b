#include "service/service_sid.h"

#include <gtest/gtest.h>

namespace meterbill {
namespace {

// Windows' own, as every machine shows it (`sc showsid TrustedInstaller`).
TEST(ServiceSidTest, IsWhatWindowsMakesOfTheName) {
  EXPECT_EQ(service_sid("TrustedInstaller"),
            "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464");
}

TEST(ServiceSidTest, CapitalsMakeNoDifference) {
  EXPECT_EQ(service_sid("MeterBillAgent"), service_sid("METERBILLAGENT"));
  EXPECT_NE(service_sid("MeterBillAgent"), service_sid("MeterBillWorker"));
}

}  // namespace
}  // namespace meterbill
