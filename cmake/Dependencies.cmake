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
pkg_check_modules(ISAL IMPORTED_TARGET libisal)
find_library(RAPIDCHECK_LIBRARY rapidcheck REQUIRED)
