#include "config/service_reach.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "config/load.h"
#include "config/option_table.h"

namespace meterbill {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint32_t kUser = 900;
constexpr std::uint32_t kGroup = 901;
constexpr std::uint32_t kRoot = 0;

class ServiceReachTest : public testing::Test {
 protected:
  ServiceReachTest() {
    for (const char* folder : {"/etc", "/etc/meterbill", "/srv"}) files_[folder] = {0, 0, 0755};
  }

  std::vector<std::string> problems(const std::string& key, const std::string& text) {
    LoadRequest request;
    request.default_file = "/nonexistent/worker.conf";
    request.command_line.push_back(
        {.key = key, .text = text, .origin = {.kind = Origin::Kind::kCommandLine}});
    const ServiceReach reach{.account = {"meterbill-worker", kUser, {kGroup}},
                             .rights_of =
                                 [this](const std::string& path) {
                                   const auto found = files_.find(path);
                                   return found == files_.end() ? std::nullopt
                                                                : std::optional(found->second);
                                 },
                             .target_of =
                                 [this](const std::string& path) {
                                   return links_.contains(path) ? links_.at(path) : path;
                                 }};
    return out_of_reach(load_settings(worker_options(), request).value(), reach);
  }

  std::map<std::string, FileRights> files_;
  std::map<std::string, std::string> links_;
};

TEST_F(ServiceReachTest, WhereALinkLeadsCounts) {
  links_["/etc/meterbill/link.toml"] = "/home/p.toml";
  EXPECT_THAT(problems("worker.prices", "/etc/meterbill/link.toml"),
              ElementsAre("command line: worker.prices: /etc/meterbill/link.toml: leads to "
                          "/home/p.toml: the service does not see what is below /home; put it into "
                          "/etc/meterbill"));
}

TEST_F(ServiceReachTest, AnAccessListMayAllowIt) {
  files_["/etc/meterbill/p.toml"] = {kRoot, kRoot, 0600, true};
  EXPECT_THAT(problems("worker.prices", "/etc/meterbill/p.toml"), IsEmpty());
}

TEST_F(ServiceReachTest, AFileIsReadByTheRightsOfOwnerGroupOrOthersAndNoOther) {
  struct Case {
    FileRights rights;
    bool is_read;
  };
  const std::vector<Case> cases{
      {{kRoot, kRoot, 0644}, true},   {{kRoot, kRoot, 0640}, false}, {{kRoot, kGroup, 0640}, true},
      {{kRoot, kGroup, 0604}, false}, {{kUser, kRoot, 0400}, true},  {{kUser, kGroup, 0044}, false},
      {{kRoot, kRoot, 0600}, false},
  };
  for (const auto& [rights, is_read] : cases) {
    files_["/etc/meterbill/p.toml"] = rights;
    EXPECT_EQ(problems("worker.prices", "/etc/meterbill/p.toml").empty(), is_read)
        << rights.owner << ':' << rights.group << ' ' << std::oct << rights.mode;
  }
  EXPECT_THAT(problems("worker.prices", "/etc/meterbill/p.toml"),
              ElementsAre("command line: worker.prices: /etc/meterbill/p.toml: the user "
                          "meterbill-worker may not read it; chgrp meterbill-worker "
                          "/etc/meterbill/p.toml && chmod 0640 /etc/meterbill/p.toml"));
}

TEST_F(ServiceReachTest, AFolderOnTheWayHasToBeEntered) {
  files_["/srv/closed"] = {kRoot, kRoot, 0700};
  files_["/srv/closed/p.toml"] = {kRoot, kRoot, 0644};
  EXPECT_THAT(problems("worker.prices", "/srv/closed/p.toml"),
              ElementsAre("command line: worker.prices: /srv/closed/p.toml: the user "
                          "meterbill-worker may not enter /srv/closed; put a copy into "
                          "/etc/meterbill"));
}

TEST_F(ServiceReachTest, WhatTheUnitHidesIsOutOfReachWhateverItsMode) {
  for (const char* folder : {"/home", "/root", "/tmp", "/var/tmp", "/run/user"}) {
    const std::string path = std::string(folder) + "/p.toml";
    files_[path] = {kUser, kUser, 0777};
    EXPECT_EQ(problems("worker.prices", path).size(), 1U) << path;
  }
  EXPECT_THAT(problems("worker.prices", "/tmpfiles/p.toml"), IsEmpty());
}

TEST_F(ServiceReachTest, AKeyOfKafkaIsAFileToo) {
  files_["/etc/key.pem"] = {kRoot, kRoot, 0600};
  EXPECT_EQ(problems("kafka.ssl.key.location", "/etc/key.pem").size(), 1U);
}

TEST_F(ServiceReachTest, PortsOfRootAreNotTheService) {
  EXPECT_THAT(problems("http.listen", "127.0.0.1:5001"), IsEmpty());
  EXPECT_THAT(problems("http.listen", "off"), IsEmpty());
  EXPECT_EQ(problems("http.listen", "127.0.0.1:80").size(), 1U);
}

TEST_F(ServiceReachTest, WhatIsNotThereIsToldElsewhere) {
  EXPECT_THAT(problems("worker.prices", "/etc/meterbill/none.toml"), IsEmpty());
}

}  // namespace
}  // namespace meterbill
