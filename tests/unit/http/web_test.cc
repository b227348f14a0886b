#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <stdexcept>

#include "ports/query_pool.h"
#include "ports/web_router.h"

namespace meterbill {
namespace {

using testing::HasSubstr;

WebResponse ask(Router& router, const std::string& method, const std::string& path,
                bool control = false) {
  std::optional<WebResponse> got;
  router.handle({.method = method,
                 .path = path,
                 .query = {},
                 .content_type = {},
                 .accept = {},
                 .body = {},
                 .host = {},
                 .control = control,
                 .peer = {}},
                [&](WebResponse response) { got = std::move(response); });
  return got.value();
}

WebHandler says(const std::string& name) {
  return [name](const WebRequest&, const PathValues& values, const Respond& respond) {
    WebResponse response;
    response.body = name;
    for (const auto& [key, value] : values)
      response.body.append(" ").append(key).append("=").append(value);
    respond(std::move(response));
  };
}

Router table() {
  return Router({{"GET", "/", says("page")},
                 {"GET", "/api/cost/{machine}", says("cost")},
                 {"GET", "/api/{a}/x/{b}", says("two")},
                 {"POST", "/api/cost/{machine}", says("set")},
                 {"POST", "/api/v1/pause", says("pause"), WebAccess::kControlOnly}});
}

TEST(RouterTest, TheFirstRowThatMatchesAnswers) {
  Router router = table();
  EXPECT_EQ(ask(router, "GET", "/").body, "page");
  EXPECT_EQ(ask(router, "HEAD", "/").body, "page");
  EXPECT_EQ(ask(router, "GET", "/api/cost/web-1").body, "cost machine=web-1");
  EXPECT_EQ(ask(router, "POST", "/api/cost/web-1").body, "set machine=web-1");
  EXPECT_EQ(ask(router, "GET", "/api/1/x/2").body, "two a=1 b=2");
}

TEST(RouterTest, WhatIsNotInTheTableIs404) {
  Router router = table();
  for (const char* path : {"", "/nothing", "/api/cost", "/api/cost/", "/api/cost/a/b",
                           "/api/cost/a/", "//", "/api//x/1", "/API/cost/a"}) {
    const WebResponse response = ask(router, "GET", path);
    EXPECT_EQ(response.status, 404U) << path;
    EXPECT_THAT(response.body, HasSubstr("\"error\":\"not found\""));
  }
}

TEST(RouterTest, AnotherMethodIs405WithThoseThatAre) {
  Router router = table();
  const WebResponse response = ask(router, "DELETE", "/api/cost/web-1");
  EXPECT_EQ(response.status, 405U);
  EXPECT_EQ(response.headers.at(0), (Header{"Allow", "GET, HEAD, POST"}));
  EXPECT_EQ(ask(router, "GET", "/api/v1/pause").headers.at(0), (Header{"Allow", "POST"}));
}

TEST(RouterTest, WhatChangesSomethingIsReachedThroughTheControlChannelAlone) {
  Router router = table();
  EXPECT_EQ(ask(router, "POST", "/api/v1/pause", true).body, "pause");
  const WebResponse refused = ask(router, "POST", "/api/v1/pause");
  EXPECT_EQ(refused.status, 403U);
  EXPECT_THAT(refused.body, HasSubstr("control socket"));
}

TEST(RouterTest, AParameterThatWouldBeIgnoredIsRefusedWithThoseThatAre) {
  Router router({{"GET", "/api/v1/bill", says("bill"), WebAccess::kEverybody, {"machine", "by"}},
                 {"GET", "/api/v1/prices", says("prices")},
                 {"GET", "/api/usage", says("usage")}});
  const auto asked = [&](const char* path, const char* parameter) {
    std::optional<WebResponse> got;
    WebRequest request;
    request.method = "GET";
    request.path = path;
    request.query.emplace(parameter, "x");
    router.handle(request, [&](WebResponse response) { got = std::move(response); });
    return got.value();
  };
  EXPECT_EQ(asked("/api/v1/bill", "by").body, "bill");
  EXPECT_EQ(asked("/api/usage", "cache").body, "usage") << "the prototype took anything";
  EXPECT_EQ(asked("/api/v1/bill", "bye").status, 400U);
  EXPECT_THAT(asked("/api/v1/bill", "bye").body,
              HasSubstr("there is no parameter 'bye' here; there is machine, by"));
  EXPECT_THAT(asked("/api/v1/prices", "by").body, HasSubstr("there is none"));
}

TEST(JsonErrorTest, IsAnObjectWhateverTheTextHolds) {
  const WebResponse response = json_error(400, "a\"b", "c\nd\xff");
  EXPECT_EQ(response.body, "{\"error\":\"a\\\"b\",\"detail\":\"c\\nd\xEF\xBF\xBD\"}");
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(json_busy("x", 3).headers.at(0), (Header{"Retry-After", "3"}));
}

TEST(QueryPoolTest, AnswersEveryQueryOnItsThreads) {
  std::atomic<int> answered{0};
  std::atomic<bool> known{true};
  {
    QueryPool pool(3, 1000);
    for (int i = 0; i < 500; ++i) {
      pool.run(
          [&](std::size_t thread) {
            known = known && thread < 3;
            return WebResponse{};
          },
          [&](const WebResponse& response) { answered += response.status == 200 ? 1 : 0; });
    }
    while (answered != 500) std::this_thread::yield();
  }
  EXPECT_TRUE(known);
}

TEST(QueryPoolTest, AQueryThatThrowsIsAnswered500AndTheNextOneRuns) {
  std::vector<unsigned> statuses;
  std::promise<void> answered;
  QueryPool pool(1, 10);
  pool.run([](std::size_t) -> WebResponse { throw std::out_of_range("map::at"); },
           [&](const WebResponse& response) {
             EXPECT_THAT(response.body, testing::HasSubstr("map::at"));
             statuses.push_back(response.status);
           });
  pool.run([](std::size_t) { return WebResponse{}; },
           [&](const WebResponse& response) {
             statuses.push_back(response.status);
             answered.set_value();
           });
  answered.get_future().wait();
  EXPECT_THAT(statuses, testing::ElementsAre(500, 200));
}

TEST(QueryPoolTest, AFullQueueAndTheEndAreAnswered503) {
  std::promise<void> begun;
  std::promise<void> go_on;
  std::vector<unsigned> statuses;
  const auto note = [&](const WebResponse& response) { statuses.push_back(response.status); };
  std::promise<unsigned> running;
  QueryPool pool(1, 1);
  pool.run(
      [&](std::size_t) {
        begun.set_value();
        go_on.get_future().wait();
        return WebResponse{};
      },
      [&](const WebResponse& response) { running.set_value(response.status); });
  begun.get_future().wait();
  pool.run([](std::size_t) { return WebResponse{}; }, note);
  EXPECT_EQ(pool.waiting(), 1U);
  pool.run([](std::size_t) { return WebResponse{}; }, note);
  EXPECT_THAT(statuses, testing::ElementsAre(503));
  std::thread stopper([&] { pool.stop(); });
  while (pool.waiting() != 0) std::this_thread::yield();
  go_on.set_value();
  stopper.join();
  EXPECT_EQ(running.get_future().get(), 200U);
  EXPECT_THAT(statuses, testing::ElementsAre(503, 503));
  pool.run([](std::size_t) { return WebResponse{}; }, note);
  EXPECT_EQ(statuses.size(), 3U);
}

}  // namespace
}  // namespace meterbill
