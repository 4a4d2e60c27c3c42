# How every target of this project is made: dfs_library(NAME DEPS…) takes the .cc files of the
# folder it is called in (not those below), dfs_program and dfs_test likewise.
# Designated initialisers leave members out on purpose: hence -Wno-missing-field-initializers.
set(DFS_WARNINGS -Wall -Wextra -Wpedantic -Wno-missing-field-initializers -Wshadow -Wconversion
    -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast -Werror)

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

# dfs_test(NAME [SOURCES glob…] [LINK target…]): one GoogleTest program, each TEST a ctest entry.
function(dfs_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${ARG_SOURCES})
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  dfs_options(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} ${RAPIDCHECK_LIBRARY} GTest::gmock
                                        GTest::gtest_main)
  gtest_discover_tests(${name} PROPERTIES LABELS ${name} DISCOVERY_TIMEOUT 60)
endfunction()
include(GoogleTest)
