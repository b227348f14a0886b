#pragma once

namespace meterbill {

/// What Windows tells a program on threads of its own making, kept until the signal thread looks.
enum class WindowsSignal { kStop, kReload };

/// From any thread, also before a signal thread is there: what nobody took yet waits.
void tell_signal(WindowsSignal signal);

}  // namespace meterbill
