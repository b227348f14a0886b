#pragma once

#include <memory>
#include <utility>

#include "base/guarded.h"
#include "ports/web.h"

namespace meterbill {

/// Hands each request to the app of the moment, so that a running service can answer with another
/// price book from one request to the next. An app stays until the last request that it was given
/// is answered. Any thread.
class CurrentApp final : public WebApp {
 public:
  explicit CurrentApp(std::shared_ptr<WebApp> app) : app_(std::move(app)) {}

  void replace(std::shared_ptr<WebApp> app) {
    app_.with([&](std::shared_ptr<WebApp>& current) { current.swap(app); });
  }

  void handle(WebRequest request, Respond respond) override {
    const std::shared_ptr<WebApp> app =
        app_.with([](const std::shared_ptr<WebApp>& current) { return current; });
    app->handle(std::move(request), [app, respond = std::move(respond)](WebResponse response) {
      respond(std::move(response));
    });
  }

 private:
  Guarded<std::shared_ptr<WebApp>> app_;
};

}  // namespace meterbill
