# A folder is a target: its sources listed, its dependencies stated, nothing else global.
#
#   filial_library(NAME source... [PCH header...] [USES dep...])
#       A static library; without a .cpp file, an interface library. PCH names heavy third-party
#       headers to precompile: PCH <rocksdb/db.h> <fmt/format.h>.
#   filial_program(NAME source... [USES dep...])
#       An executable in build/PRESET/bin.
#   filial_test(NAME source... [PCH header...] [USES dep...] [LABELS label...] [TIMEOUT seconds] [COST n])
#       A doctest binary; each TEST_CASE is one ctest. main() is there already. Default label
#       `unit`, default timeout 60 s for each case. Those of a COST begin first. FILIAL_BIN in the environment of a case is the
#       folder of the programs.
#   filial_fuzz(NAME source... [USES dep...] CORPUS folder)
#       A file that defines LLVMFuzzerTestOneInput. In the fuzz preset a libFuzzer program, in the
#       others a ctest that runs every file of the corpus once.
#   filial_folders(folder...)
#       add_subdirectory for each of these folders that has a CMakeLists.txt.
#
# Includes start at the project's root: #include "schema/event.h".

set(FILIAL_SANITIZE "" CACHE STRING "Sanitizers for everything, such as address,undefined")
option(FILIAL_PLANTED "Mistakes that the simulator has to find can be switched on" OFF)
set(FILIAL_PROFILE "" CACHE STRING "g++: `write` what a run does beside the objects, or `use` that")
option(FILIAL_FUZZ "Build libFuzzer programs; needs clang++" OFF)
option(FILIAL_PCH "Precompile heavy third-party headers" ON)
option(FILIAL_UNITY "Compile the files of a target some at a time: most of their time is headers" ON)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_UNITY_BUILD ${FILIAL_UNITY})
set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)

# g++ looks for memory to give back again and again, which takes a twelfth of all compiling here. Below
# 1 GiB it does not have to.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(--param=ggc-min-heapsize=1048576)
endif()
# The standard library's own checks stay on in every build, like ours.
add_compile_definitions(_GLIBCXX_ASSERTIONS FILIAL_VERSION="${PROJECT_VERSION}")
# File names in messages and debug information start at the project's root.
add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(FILIAL_PLANTED)
  add_compile_definitions(FILIAL_PLANTED)
endif()
if(FILIAL_SANITIZE)
  add_compile_options(-fsanitize=${FILIAL_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${FILIAL_SANITIZE})
  # Of g++'s checks for undefined behaviour these take a third of all compiling and make its objects half
  # as large again. Address sanitizer ends whoever goes through null, too; clang++ has them all on
  # (fuzz).
  if(FILIAL_SANITIZE MATCHES "undefined" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fno-sanitize=null,alignment,vptr)
  endif()
  # Programs with checks in them are large and many; lld takes 40 % of the time of the default one.
  find_program(FILIAL_LLD ld.lld)
  if(FILIAL_LLD)
    add_link_options(-fuse-ld=lld)
  endif()
endif()
if(FILIAL_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(FILIAL_PROFILE STREQUAL "write")
  add_compile_options(-fprofile-generate)
  add_link_options(-fprofile-generate)
elseif(FILIAL_PROFILE STREQUAL "use")
  # What was changed since then, or did not run, is compiled as it would be without.
  add_compile_options(-fprofile-use -fprofile-correction -fprofile-partial-training
                      -Wno-missing-profile -Wno-coverage-mismatch)
  add_link_options(-fprofile-use)
endif()

# The race detector's exceptions are linked into each program, so that they hold however it is run.
set(FILIAL_SANITIZER_SOURCES "")
if(FILIAL_SANITIZE MATCHES "thread")
  set(supp ${PROJECT_SOURCE_DIR}/test/support/tsan.supp)
  set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${supp})
  file(READ ${supp} supp_text)
  set(FILIAL_SANITIZER_SOURCES ${PROJECT_BINARY_DIR}/tsan_suppressions.cpp)
  string(REPLACE "\n" "\\n\"\n    \"" supp_text "${supp_text}")
  file(CONFIGURE OUTPUT ${FILIAL_SANITIZER_SOURCES} @ONLY CONTENT
"extern \"C\" const char* __tsan_default_suppressions();
extern \"C\" const char* __tsan_default_suppressions() {
    return
    \"@supp_text@\";
}
")
endif()

# Splits the arguments of the calling function.
macro(filial_parse)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT;CORPUS;COST" "USES;PCH;LABELS")
  set(sources ${arg_UNPARSED_ARGUMENTS})
endmacro()

function(filial_options target)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
  # g++ 12 sees overlaps and overruns in std::string's operator+ that are not there (its bugs 105329
  # and 105651), as soon as the header comes precompiled.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-array-bounds -Wno-restrict
                                             -Wno-stringop-overflow -Wno-stringop-overread)
  endif()
endfunction()

# What nearly every file includes: half of a file's compile time is in these.
set(FILIAL_STD_HEADERS <algorithm> <cstdint> <filesystem> <functional> <map> <memory> <optional>
    <set> <string> <string_view> <tl/expected.hpp> <utility> <variant> <vector>)

function(filial_precompile target)
  if(FILIAL_PCH AND ARGN)
    target_precompile_headers(${target} PRIVATE ${ARGN} ${FILIAL_STD_HEADERS})
  endif()
endfunction()

# Those headers, compiled once for all targets that name no heavier ones.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/std_headers.cpp CONTENT "")
add_library(std_headers STATIC EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/std_headers.cpp)
filial_options(std_headers)
target_link_libraries(std_headers PUBLIC tl::expected)
filial_precompile(std_headers <cstddef>)

# Takes the compiled headers of `from`, where headers are compiled at all.
function(filial_precompiled target from)
  if(FILIAL_PCH)
    target_precompile_headers(${target} REUSE_FROM ${from})
  endif()
endfunction()

# An executable with our options. The fuzz preset builds only fuzz targets.
function(filial_executable target)
  filial_parse()
  add_executable(${target} ${sources} ${FILIAL_SANITIZER_SOURCES})
  filial_options(${target})
  target_link_libraries(${target} PRIVATE ${arg_USES})
  if(FILIAL_FUZZ)
    set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
endfunction()

function(filial_library target)
  filial_parse()
  if(NOT "${sources}" MATCHES "\\.cpp")
    add_library(${target} INTERFACE ${sources})
    target_link_libraries(${target} INTERFACE ${arg_USES})
    return()
  endif()
  add_library(${target} STATIC ${sources})
  filial_options(${target})
  if(arg_PCH)
    filial_precompile(${target} ${arg_PCH})
  else()
    filial_precompiled(${target} std_headers)
  endif()
  target_link_libraries(${target} PUBLIC ${arg_USES})
endfunction()

# As the programs have it, for an executable whose speed is theirs.
function(filial_allocator target)
  if(NOT FILIAL_SANITIZE AND NOT FILIAL_FUZZ)
    target_link_libraries(${target} PRIVATE PkgConfig::JEMALLOC)
  endif()
endfunction()

function(filial_program target)
  filial_parse()
  filial_executable(${target} ${sources} USES ${arg_USES})
  filial_allocator(${target})
  if(NOT FILIAL_FUZZ)
    install(TARGETS ${target})
  endif()
endfunction()

# doctest's main() and its header, each compiled once for all tests.
add_library(doctest_main STATIC ${PROJECT_SOURCE_DIR}/test/support/doctest_main.cpp)
filial_options(doctest_main)
target_link_libraries(doctest_main PUBLIC doctest::doctest)
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/doctest_header.cpp CONTENT "")
add_library(doctest_header STATIC ${PROJECT_BINARY_DIR}/doctest_header.cpp)
filial_options(doctest_header)
target_link_libraries(doctest_header PUBLIC doctest::doctest)
target_link_libraries(doctest_header PUBLIC tl::expected)
filial_precompile(doctest_header <doctest/doctest.h> <random>)
set_target_properties(doctest_main doctest_header PROPERTIES EXCLUDE_FROM_ALL ON)

function(filial_test target)
  filial_parse()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT arg_COST)
    set(arg_COST 0)
  endif()
  filial_executable(${target} ${sources} USES ${arg_USES} doctest_main)
  if(arg_PCH)
    filial_precompile(${target} <doctest/doctest.h> ${arg_PCH})
  else()
    filial_precompiled(${target} doctest_header)
  endif()
  if(NOT FILIAL_FUZZ)
    doctest_discover_tests(${target} PROPERTIES TIMEOUT ${arg_TIMEOUT})
    # Apart from the discovery, which would take lists to pieces. A name that the binary does not
    # find would run nothing and pass; it fails instead.
    set(labels_file ${CMAKE_CURRENT_BINARY_DIR}/${target}_labels.cmake)
    file(WRITE ${labels_file} "set_tests_properties(\${${target}_TESTS} PROPERTIES
  LABELS \"${arg_LABELS}\"
  COST ${arg_COST}
  ENVIRONMENT \"FILIAL_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}\"
  FAIL_REGULAR_EXPRESSION \"test cases: +0 \")\n")
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${labels_file})
  endif()
endfunction()

function(filial_fuzz target)
  filial_parse()
  if(FILIAL_FUZZ)
    add_executable(${target} ${sources})
    filial_options(${target})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${target} PRIVATE ${arg_USES})
    return()
  endif()
  filial_executable(${target} ${sources} ${PROJECT_SOURCE_DIR}/test/fuzz/replay_main.cpp
                    USES ${arg_USES})
  cmake_path(ABSOLUTE_PATH arg_CORPUS)
  add_test(NAME "fuzz corpus: ${target}" COMMAND ${target} ${arg_CORPUS})
  set_tests_properties("fuzz corpus: ${target}" PROPERTIES LABELS fuzz TIMEOUT 60)
endfunction()

function(filial_folders)
  foreach(folder IN LISTS ARGN)
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt)
      add_subdirectory(${folder})
    endif()
  endforeach()
endfunction()
