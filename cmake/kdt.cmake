# kdt_library(NAME SOURCES… DEPENDS… ): the static library kdt_NAME of harness/NAME.
# kdt_tests(NAME SOURCES… DEPENDS… [LABEL e2e]): the test program kdt_NAME_test, each TEST registered with ctest.
add_library(kdt_options INTERFACE)
target_compile_options(kdt_options INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor)
# Else g++ spends an eighth of its time collecting its garbage, to save 150 to 350 MB.
target_compile_options(kdt_options INTERFACE
                       "$<$<CXX_COMPILER_ID:GNU>:SHELL:--param ggc-min-expand=400 --param ggc-min-heapsize=1000000>")
target_compile_definitions(kdt_options INTERFACE BOOST_ERROR_CODE_HEADER_ONLY
                           SPDLOG_FMT_EXTERNAL BOOST_ASIO_NO_DEPRECATED)
target_include_directories(kdt_options INTERFACE ${PROJECT_SOURCE_DIR}/harness ${PROJECT_SOURCE_DIR}/guests/include)
target_link_libraries(kdt_options INTERFACE Threads::Threads fmt::fmt)
if(KDT_WERROR)
  target_compile_options(kdt_options INTERFACE -Werror)
endif()
if(KDT_SANITIZE)
  target_compile_options(kdt_options INTERFACE -fsanitize=${KDT_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_compile_definitions(kdt_options INTERFACE KDT_SANITIZED) # which each compiler spells in its own way
  target_link_options(kdt_options INTERFACE -fsanitize=${KDT_SANITIZE})
  if(KDT_SANITIZE STREQUAL "thread")
    # The thread sanitizer does not know fences. Asio's order handlers between threads that share an io_context: ours do not.
    target_compile_definitions(kdt_options INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK KDT_SANITIZED_THREAD)
  endif()
endif()

# Parsing and instantiating the same headers in each source is most of a build: a precompiled header and unity builds take
# two thirds of it away. Both are off for clang-tidy, which wants each source by itself.
option(KDT_FAST_BUILD "Precompiled header and unity builds" ON)
add_library(kdt_pch OBJECT ${PROJECT_SOURCE_DIR}/cmake/pch.cpp)
target_link_libraries(kdt_pch PRIVATE kdt_options)
target_precompile_headers(kdt_pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/pch.hpp)
function(kdt_fast_build target)
  if(KDT_FAST_BUILD)
    target_precompile_headers(${target} REUSE_FROM kdt_pch)
    if(NOT target MATCHES "_test$") # tests name their fixtures alike
      set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
    endif()
  endif()
endfunction()

function(kdt_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(kdt_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(kdt_${name} PUBLIC kdt_options ${ARG_DEPENDS})
  kdt_fast_build(kdt_${name})
endfunction()

function(kdt_tests name)
  if(NOT KDT_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;DEPENDS" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  add_executable(kdt_${name}_test ${ARG_SOURCES})
  target_link_libraries(kdt_${name}_test PRIVATE ${ARG_DEPENDS} GTest::gmock GTest::gtest_main)
  target_compile_definitions(kdt_${name}_test PRIVATE
    KDT_TESTDATA="${CMAKE_CURRENT_SOURCE_DIR}/testdata" KDT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  # One ctest entry a program for unit tests: they take milliseconds, and starting a program for each would not.
  kdt_fast_build(kdt_${name}_test)
  if(ARG_LABEL STREQUAL unit)
    if(NOT TARGET kdt_unit_tests)
      add_custom_target(kdt_unit_tests) # what the sanitizer presets build: no kdt, no end-to-end tests
    endif()
    add_dependencies(kdt_unit_tests kdt_${name}_test)
  endif()
  add_test(NAME ${name} COMMAND kdt_${name}_test)
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 300)
endfunction()
