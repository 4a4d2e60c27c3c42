# How every target of this project is made: dfs_library, dfs_program and dfs_test take the .cc files
# that their patterns match; a target without any does not exist (a library: is empty).
include(GoogleTest)

# Designated initialisers leave members out on purpose: hence -Wno-missing-field-initializers.
set(DFS_WARNINGS -Wall -Wextra -Wpedantic -Wno-missing-field-initializers -Wshadow -Wconversion
    -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 takes the inactive alternatives of std::optional and std::variant for uninitialised
  # values; clang's warning and the sanitizers look at the same code.
  list(APPEND DFS_WARNINGS -Wno-maybe-uninitialized)
endif()

# What most sources of every target include, and what most of one kind of target do besides.
set(DFS_HEADERS <algorithm> <array> <deque> <functional> <map> <memory> <optional> <set> <string>
    <variant> <vector>)
set(DFS_TEST_HEADERS <gmock/gmock.h> <gtest/gtest.h> <rapidcheck.h>)

function(dfs_options target)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
  target_compile_options(${target} PRIVATE ${DFS_WARNINGS})
  get_target_property(sources ${target} SOURCES)
  list(LENGTH sources count)
  if(DFS_PRECOMPILE AND count GREATER 2)
    target_precompile_headers(${target} PRIVATE ${DFS_HEADERS} ${ARGN})
  endif()
endfunction()

# dfs_library(NAME [SOURCES glob…] [LINK target…] [HEADERS <header>…]): HEADERS are precompiled where
# DFS_PRECOMPILE says so; sources include what they use all the same.
function(dfs_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;HEADERS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${ARG_SOURCES})
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} INTERFACE ${ARG_LINK})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  dfs_options(${name} ${ARG_HEADERS})
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
  dfs_options(${name} ${DFS_TEST_HEADERS})
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
  gtest_discover_tests(${name} PROPERTIES LABELS "${kind}:${name}" TIMEOUT 300
                       DISCOVERY_TIMEOUT 60)
  add_dependencies(${kind}_tests ${name})
endfunction()
foreach(kind unit integration simulation)
  add_custom_target(${kind}_tests)
endforeach()
