#pragma once

#include "base/clock.h"
#include "ports/web.h"
#include "worker/http_source.h"

namespace meterbill {

/// Answers POST /api/v1/events (docs/wire.md): one structured CloudEvent or a batch of them.
///
/// What spoils the request as a whole is answered here and counted nowhere: 415 for another content
/// type; 400 for a body that is no JSON object or array or has too many elements (split_body), and
/// for a bare sample: over HTTP it has no identity, so a repeated one would be billed twice; also
/// when sent as application/json, which is what people try first. All else is offered to the apply
/// thread; faults of single events become quarantine there. Any thread.
class EventsEndpoint {
 public:
  /// Both outlive the endpoint. `clock` gives the deliveries their time of arrival.
  EventsEndpoint(const Clock& clock, HttpSource& source) : clock_(clock), source_(source) {}

  void handle(const WebRequest& request, Respond respond);

 private:
  const Clock& clock_;
  HttpSource& source_;
};

}  // namespace meterbill
