# Distribution packages only: packages.txt names them. The names and versions of Debian 12 and 13 and
# of Ubuntu 24.04 are provided for.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.75 REQUIRED CONFIG COMPONENTS json)
find_package(GTest REQUIRED)
find_package(spdlog REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(CRYPTOPP REQUIRED IMPORTED_TARGET libcrypto++)
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
# The headers of later versions (0.18 in Debian 13) call OpenSSL themselves; the pkg-config file names
# it for static linking only.
find_package(OpenSSL QUIET)
if(OPENSSL_FOUND AND HTTPLIB_VERSION VERSION_GREATER_EQUAL 0.12)
  target_link_libraries(PkgConfig::HTTPLIB INTERFACE OpenSSL::Crypto)
endif()
pkg_check_modules(ISAL IMPORTED_TARGET libisal)
find_library(RAPIDCHECK_LIBRARY rapidcheck REQUIRED)
# Not needed. A sanitizer has an allocator of its own, and with coverage nobody looks at the time.
find_library(MIMALLOC_LIBRARY mimalloc)
if(MIMALLOC_LIBRARY AND NOT DFS_SANITIZE AND NOT DFS_COVERAGE)
  set(DFS_MIMALLOC ${MIMALLOC_LIBRARY})
endif()
