# METERBILL_STATIC: programs that need nothing of the machine but glibc, libstdc++, libgcc and libsystemd
# (docs/packages.md). Included before the packages are looked for.
option(METERBILL_STATIC "Link all libraries statically that can be" OFF)
set(METERBILL_STATIC_PREFIX "" CACHE PATH "What packaging/static_dependencies.sh printed")

# mb_static_library(target archive [what it needs …]): an imported target, found in the prefix first.
function(mb_static_library target archive)
  find_library(found NAMES lib${archive}.a NO_CACHE REQUIRED)
  add_library(${target} STATIC IMPORTED)
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION ${found})
  target_link_libraries(${target} INTERFACE ${ARGN})
endfunction()

if(METERBILL_STATIC)
  if(NOT EXISTS "${METERBILL_STATIC_PREFIX}/built")
    message(FATAL_ERROR "METERBILL_STATIC needs -DMETERBILL_STATIC_PREFIX=$(packaging/static_dependencies.sh)")
  endif()
  list(PREPEND CMAKE_PREFIX_PATH ${METERBILL_STATIC_PREFIX})
  if(CMAKE_CROSSCOMPILING)
    list(PREPEND CMAKE_FIND_ROOT_PATH ${METERBILL_STATIC_PREFIX})
    # What has headers only, and no package of CMake's that names where they are.
    include_directories(SYSTEM ${METERBILL_STATIC_PREFIX}/include)
  endif()
  set(Boost_USE_STATIC_LIBS ON)
  set(OPENSSL_USE_STATIC_LIBS TRUE)
endif()
