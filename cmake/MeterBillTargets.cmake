# One way to declare a library, a program and a test, so that all get the same language level, warnings and include root.
include(GoogleTest OPTIONAL)

# What is a platform's own lies in NAME_linux.cc and NAME_windows.cc; CMakeLists say NAME_${METERBILL_PLATFORM}.cc.
string(TOLOWER "${CMAKE_SYSTEM_NAME}" METERBILL_PLATFORM)

add_library(meterbill_options INTERFACE)
target_compile_features(meterbill_options INTERFACE cxx_std_20)
target_compile_options(meterbill_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor
  -Werror=unused-result $<$<BOOL:${METERBILL_WERROR}>:-Werror>)
# g++ 12's optimiser warns, inside std::string and std::variant, of overlaps (GCC bug 105651) and of reads and frees of what was
# never made, on paths that cannot be taken; clang and the sanitizers look at the same code.
target_compile_options(meterbill_options INTERFACE
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict;-Wno-maybe-uninitialized;-Wno-free-nonheap-object>)
if(METERBILL_SANITIZE)
  target_compile_options(meterbill_options INTERFACE -fsanitize=${METERBILL_SANITIZE}
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(meterbill_options INTERFACE -fsanitize=${METERBILL_SANITIZE})
  # g++ says that ThreadSanitizer does not see fences: Asio's stand beside its locks.
  if(METERBILL_SANITIZE STREQUAL "thread")
    target_compile_options(meterbill_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  endif()
endif()
if(WIN32)
  # From Windows 10 and Server 2016 on. Beast's units have more sections than an object file of before could.
  target_compile_definitions(meterbill_options INTERFACE
    _WIN32_WINNT=0x0A00 WINVER=0x0A00 WIN32_LEAN_AND_MEAN NOMINMAX)
  target_compile_options(meterbill_options INTERFACE -Wa,-mbig-obj)
  # The stack's protection is in a library of its own there.
  target_compile_options(meterbill_options INTERFACE -fstack-protector-strong)
  target_link_options(meterbill_options INTERFACE -static -fstack-protector-strong)
endif()
# Debian's level; -O3 makes the programs larger, not faster.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)

# For programs whose threads hand much memory to one another (docs/decisions/0004-allocator.md). Sanitizers bring their own.
add_library(meterbill_allocator INTERFACE)
if(TARGET PkgConfig::tcmalloc AND NOT METERBILL_SANITIZE)
  # Nothing names a symbol of it, so a linker that drops unneeded libraries would drop it.
  target_link_libraries(meterbill_allocator INTERFACE
    -Wl,--push-state,--no-as-needed PkgConfig::tcmalloc -Wl,--pop-state)
endif()
add_library(meterbill::allocator ALIAS meterbill_allocator)

# mb_library(name [SOURCES a.cc …] [LINKS …] [PRIVATE_LINKS …]): meterbill::name; without sources, headers only.
function(mb_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS;PRIVATE_LINKS")
  if(arg_SOURCES)
    add_library(meterbill_${name} STATIC ${arg_SOURCES})
    target_include_directories(meterbill_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(meterbill_${name} PUBLIC ${arg_LINKS}
      PRIVATE meterbill_options ${arg_PRIVATE_LINKS})
    target_compile_features(meterbill_${name} PUBLIC cxx_std_20)
  else()
    add_library(meterbill_${name} INTERFACE)
    target_include_directories(meterbill_${name} INTERFACE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(meterbill_${name} INTERFACE ${arg_LINKS})
  endif()
  add_library(meterbill::${name} ALIAS meterbill_${name})
endfunction()

# mb_program(name SOURCES main.cc LINKS …): the executable build/<preset>/bin/<name>. The target `programs` is all of them.
add_custom_target(programs)
function(mb_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINKS} meterbill_options)
  add_dependencies(programs ${name})
endfunction()

# mb_test(name [LABEL unit] SOURCES a_test.cc … [LINUX …] [WINDOWS …] LINKS …): one GoogleTest binary, its tests listed one by
# one; where another machine's programs run in an emulator that takes long to start, all of it is one test.
function(mb_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL" "SOURCES;LINUX;WINDOWS;LINKS")
  string(TOUPPER ${METERBILL_PLATFORM} platform)
  list(APPEND arg_SOURCES ${arg_${platform}})
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${arg_LINKS} meterbill_options GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE METERBILL_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  if(METERBILL_SANITIZE STREQUAL "thread")
    target_link_libraries(${name} PRIVATE meterbill_tsan_threads)
  endif()
  if(CMAKE_CROSSCOMPILING)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT 900)
  else()
    gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
      PROPERTIES LABELS ${arg_LABEL} TIMEOUT 120)
  endif()
endfunction()
