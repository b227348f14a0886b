#include "service/service_manager.h"

namespace meterbill {

std::unique_ptr<ServiceManager> make_service_manager() { return nullptr; }

}  // namespace meterbill
