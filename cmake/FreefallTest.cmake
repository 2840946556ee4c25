# freefall_add_test(<target> LABEL <label> SOURCES <file>... [LIBRARIES <target>...])
# One GoogleTest program; each of its cases becomes a CTest test carrying the label.
find_package(GTest REQUIRED)
include(GoogleTest)
function(freefall_add_test target)
  cmake_parse_arguments(arg "" "LABEL" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${target} ${arg_SOURCES})
  freefall_warnings(${target})
  target_link_libraries(${target} PRIVATE ${arg_LIBRARIES} GTest::gmock GTest::gtest GTest::gtest_main)
  gtest_discover_tests(${target} PROPERTIES LABELS ${arg_LABEL} DISCOVERY_TIMEOUT 60)
endfunction()

# freefall_add_verification(<model.cpp>): a CTest `verify.<folder>.<file>` with the label `algebra`, which compares the
# references of a model with what is derived. Passes when every verdict is the declared one and every single mistake in a
# reference that holds is refuted.
function(freefall_add_verification model)
  _freefall_generator(generator ${model})
  cmake_path(ABSOLUTE_PATH model)
  cmake_path(GET model STEM LAST_ONLY stem)
  cmake_path(GET model PARENT_PATH folder)
  cmake_path(GET folder FILENAME folder)
  add_test(NAME verify.${folder}.${stem} COMMAND ${generator} verify)
  set_tests_properties(verify.${folder}.${stem} PROPERTIES LABELS algebra)
endfunction()
