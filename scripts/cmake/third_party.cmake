# The third-party libraries and the target names that USES takes:
#   cppzmq msgpack_cxx rocksdb lz4 sodium tl::expected tsl::robin_map fmt::fmt tomlplusplus::tomlplusplus
#   CLI11::CLI11 nlohmann_json::nlohmann_json Threads::Threads
# All come from Debian 12 (scripts/install-deps). Their headers are system headers, so our
# warnings stop at them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

find_package(cppzmq REQUIRED)

# Header only. Its CMake package asks for Boost, which MSGPACK_NO_BOOST makes unnecessary.
find_path(MSGPACK_CXX_INCLUDE msgpack.hpp REQUIRED)
add_library(msgpack_cxx INTERFACE)
target_include_directories(msgpack_cxx SYSTEM INTERFACE ${MSGPACK_CXX_INCLUDE})
target_compile_definitions(msgpack_cxx INTERFACE MSGPACK_NO_BOOST)

# pkg-config names the shared libraries; RocksDB's own package would prefer the static one.
pkg_check_modules(ROCKS REQUIRED IMPORTED_TARGET GLOBAL rocksdb)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET GLOBAL liblz4)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET GLOBAL libsodium)
# Instead of libc's malloc in the programs; under sanitizers theirs stays.
pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET GLOBAL jemalloc)
add_library(rocksdb ALIAS PkgConfig::ROCKS)
add_library(lz4 ALIAS PkgConfig::LZ4)
add_library(sodium ALIAS PkgConfig::SODIUM)

find_package(tl-expected REQUIRED CONFIG)
find_package(tsl-robin-map REQUIRED CONFIG)
find_package(fmt REQUIRED CONFIG)
find_package(tomlplusplus REQUIRED CONFIG)
find_package(CLI11 REQUIRED CONFIG)
find_package(nlohmann_json REQUIRED CONFIG)
find_package(doctest REQUIRED CONFIG)
include(${doctest_DIR}/doctest.cmake)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The settings let ccache see through precompiled headers. Not through the names of folders: a header
  # precompiled in one and taken from the cache into another has made g++ 12 take all memory there is.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${CCACHE_PROGRAM})
endif()
