# What a build can be told, and the compiler flags that follow. CMakePresets.json has the useful
# combinations by name.
set(DFS_SANITIZE "" CACHE STRING "\"address\" (with undefined behaviour), \"thread\", \"fuzzer\" (clang's, with address) or empty")
set_property(CACHE DFS_SANITIZE PROPERTY STRINGS "" address thread fuzzer)
set(DFS_FUZZ_RUNS 1000000 CACHE STRING "How many inputs each fuzz target tries at most")
set(DFS_FUZZ_SECONDS 5 CACHE STRING "For how long each fuzz target runs at most")

# The mutants of core/base/mutant.h exist in every build but the one that people run.
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  option(DFS_MUTANTS "Compile the mutants in" OFF)
else()
  option(DFS_MUTANTS "Compile the mutants in" ON)
endif()
if(DFS_MUTANTS)
  add_compile_definitions(DFS_MUTANTS)
endif()

set(DFS_EQUAL_HASH_WITH "" CACHE FILEPATH
    "A dfs-sim of another compiler whose trace hashes this build's must equal")

# -O3 costs a quarter more compile time than -O2 and gains nothing here: what is hot lies in ISA-L,
# SQLite and the kernel.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
endif()
# Not optimised: instrumented code takes longest to compile, and half of the time is the optimiser's.
if(DFS_SANITIZE STREQUAL "address")
  # null and vptr double the compile time; a null dereference ends in AddressSanitizer anyway.
  add_compile_options(-O0 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined
                      -fno-sanitize=null,vptr -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
elseif(DFS_SANITIZE STREQUAL "thread")
  add_compile_options(-O0 -g1 -fsanitize=thread)
  add_link_options(-fsanitize=thread)
elseif(DFS_SANITIZE STREQUAL "fuzzer")
  add_compile_options(-O1 -g1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined
                      -fno-sanitize=null,vptr -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
elseif(NOT DFS_SANITIZE STREQUAL "")
  message(FATAL_ERROR "DFS_SANITIZE is '${DFS_SANITIZE}', not address, thread, fuzzer or empty")
endif()

# Counters in every function and branch. A little optimised: inlining would only make them dearer.
option(DFS_COVERAGE "Count what runs: clang's source-based coverage (scripts/coverage)" OFF)
if(DFS_COVERAGE)
  add_compile_options(-O1 -fprofile-instr-generate -fcoverage-mapping)
  add_link_options(-fprofile-instr-generate)
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()
