# How every target of this project is made: dfs_library, dfs_program and dfs_test take the .cc files
# that their patterns match; a target without any does not exist (a library: is empty).
include(GoogleTest)

# A run of ctest can be repeated: rapidcheck's seed is fixed there. A program that is run by itself,
# or a build with this empty, draws anew; a failure prints the seed either way.
set(DFS_RAPIDCHECK_SEED 20260101 CACHE STRING "Seed of the property tests under ctest; empty: draw")

# Designated initialisers leave members out on purpose: hence -Wno-missing-field-initializers.
set(DFS_WARNINGS -Wall -Wextra -Wpedantic -Wno-missing-field-initializers -Wshadow -Wconversion
    -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 takes the inactive alternatives of std::optional and std::variant for uninitialised
  # values; clang's warning and the sanitizers look at the same code.
  list(APPEND DFS_WARNINGS -Wno-maybe-uninitialized)
endif()

function(dfs_options target)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
  target_compile_options(${target} PRIVATE ${DFS_WARNINGS})
endfunction()

# dfs_library(NAME [SOURCES glob…] [LINK target…])
function(dfs_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${ARG_SOURCES})
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} INTERFACE ${ARG_LINK})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  dfs_options(${name})
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
endfunction()

# dfs_program(NAME [SOURCES glob…] [LINK target…])
function(dfs_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${ARG_SOURCES})
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  dfs_options(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
endfunction()

# dfs_test(NAME KIND unit|integration|simulation [SOURCES glob…] [LINK target…] [PROGRAMS target…]):
# one GoogleTest program, each TEST a ctest entry with the label KIND:NAME; the target KIND_tests
# builds all programs of a kind. PROGRAMS are built first; a test finds the program `dfs-sim` as the
# macro DFS_SIM_PROGRAM.
function(dfs_test name kind)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;PROGRAMS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${ARG_SOURCES})
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  dfs_options(${name})
  # What is tested is optimised, the tests are not: that halves the time they take to compile.
  target_compile_options(${name} PRIVATE -O0)
  target_link_libraries(${name} PRIVATE ${ARG_LINK} ${RAPIDCHECK_LIBRARY} GTest::gmock
                                        GTest::gtest_main)
  foreach(program ${ARG_PROGRAMS})
    if(TARGET ${program})
      string(TOUPPER "${program}_PROGRAM" macro)
      string(REPLACE "-" "_" macro ${macro})
      add_dependencies(${name} ${program})
      target_compile_definitions(${name} PRIVATE ${macro}="$<TARGET_FILE:${program}>")
    endif()
  endforeach()
  set(environment)
  if(DFS_RAPIDCHECK_SEED)
    set(environment ENVIRONMENT "RC_PARAMS=seed=${DFS_RAPIDCHECK_SEED}")
  endif()
  gtest_discover_tests(${name} PROPERTIES LABELS "${kind}:${name}" TIMEOUT 300 ${environment}
                       DISCOVERY_TIMEOUT 60)
  add_dependencies(${kind}_tests ${name})
endfunction()
foreach(kind unit integration simulation)
  add_custom_target(${kind}_tests)
endforeach()
