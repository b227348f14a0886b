// Included before everything else in what is linked for other distributions (hardening.sh).
// g++ 12 gave condition_variable::wait a second version, which a thread's cancellation may leave by
// an exception; libstdc++ keeps the first one for old programs, and RHEL 9 has no other. We cancel
// no threads.
__asm__(
    ".symver _ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE, "
    "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE@GLIBCXX_3.4.11");
