# freefall_add_kernels(<target>
#   MODEL  <file.cpp>                 # defines freefall::program define()
#  [AXES   <axis>=<size>...]          # one for each axis of the model; none if it has none
#  [SCALAR float|double]              # default float
#  [ISA    native|portable]           # default native: for the processor of this machine
#  [REPORT <file.html>]               # a page about the model and its kernels; relative to the current binary folder
#  [VERIFY]                           # the build fails when a reference of the model has not the declared verdict
# )
# Makes a static library <target> with the header <target>.hpp (plain kernels, namespace <target>) and the wrapper
# <target>_views.hpp. Files are rewritten only when their bytes change. The derived rules stand in <target>_rules.txt
# beside them; the folder is in the target property FREEFALL_GENERATED_DIR.
include_guard(GLOBAL)

# One generator for each model file, shared by all its sizes.
function(_freefall_generator out model)
  cmake_path(ABSOLUTE_PATH model NORMALIZE)
  if(NOT EXISTS ${model})
    message(FATAL_ERROR "freefall_add_kernels: MODEL '${model}' does not exist")
  endif()
  string(MD5 key "${model}")
  string(SUBSTRING ${key} 0 8 key)
  cmake_path(GET model STEM LAST_ONLY stem)
  cmake_path(GET model PARENT_PATH folder)
  cmake_path(GET folder FILENAME folder)
  set(generator "generate_${folder}_${stem}_${key}")
  if(NOT TARGET ${generator})
    add_executable(${generator} ${model})
    target_link_libraries(${generator} PRIVATE freefall::generator)
    target_compile_options(${generator} PRIVATE -O0)  # it runs once, for milliseconds; compile time is what counts
    if(COMMAND freefall_warnings)
      freefall_warnings(${generator})
    endif()
  endif()
  set(${out} ${generator} PARENT_SCOPE)
endfunction()

function(freefall_add_kernels target)
  cmake_parse_arguments(arg "VERIFY" "MODEL;SCALAR;ISA;REPORT" "AXES" ${ARGN})
  if(NOT target MATCHES "^[A-Za-z_][A-Za-z0-9_]*$")
    message(FATAL_ERROR "freefall_add_kernels(${target}): the name is also a C++ namespace; use letters, digits and '_', no digit first")
  endif()
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "freefall_add_kernels(${target}): unknown argument '${arg_UNPARSED_ARGUMENTS}'; known are MODEL, AXES, SCALAR, ISA, REPORT, VERIFY")
  endif()
  if(NOT arg_MODEL)
    message(FATAL_ERROR "freefall_add_kernels(${target}): MODEL is missing; give the file that defines freefall::program define()")
  endif()
  if(NOT arg_SCALAR)
    set(arg_SCALAR float)
  endif()
  if(NOT arg_SCALAR MATCHES "^(float|double)$")
    message(FATAL_ERROR "freefall_add_kernels(${target}): SCALAR is '${arg_SCALAR}'; expected float or double")
  endif()
  if(NOT arg_ISA)
    set(arg_ISA native)
  endif()
  if(NOT arg_ISA MATCHES "^(native|portable)$")
    message(FATAL_ERROR "freefall_add_kernels(${target}): ISA is '${arg_ISA}'; expected native or portable")
  endif()

  set(report "")
  if(arg_REPORT)
    if(NOT arg_REPORT MATCHES "\\.html$")
      message(FATAL_ERROR "freefall_add_kernels(${target}): REPORT is '${arg_REPORT}'; expected the name of a page, as in REPORT ${target}.html")
    endif()
    cmake_path(ABSOLUTE_PATH arg_REPORT BASE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR} NORMALIZE)
    set(report --report ${arg_REPORT})
  endif()

  _freefall_generator(generator ${arg_MODEL})
  set(axes)
  if(arg_AXES)
    set(axes --axes ${arg_AXES})
  endif()
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target})
  set(files ${folder}/${target}.hpp ${folder}/${target}.cpp ${folder}/${target}_views.hpp ${folder}/${target}_rules.txt)
  set(verify)
  if(arg_VERIFY)
    set(verify COMMAND ${generator} verify --quiet)
  endif()
  add_custom_command(
    OUTPUT ${folder}/${target}.stamp
    BYPRODUCTS ${files} ${arg_REPORT}
    ${verify}
    COMMAND ${generator} emit --name ${target} --out ${folder} --scalar ${arg_SCALAR} ${axes} ${report}
    COMMAND ${CMAKE_COMMAND} -E touch ${folder}/${target}.stamp
    DEPENDS ${generator}
    COMMENT "freefall: kernels ${target}"
    VERBATIM)
  add_custom_target(${target}_generate DEPENDS ${folder}/${target}.stamp)
  set_source_files_properties(${files} PROPERTIES GENERATED TRUE)

  add_library(${target} STATIC ${folder}/${target}.cpp ${folder}/${target}.hpp)
  add_dependencies(${target} ${target}_generate)
  target_include_directories(${target} PUBLIC ${folder})
  target_link_libraries(${target} PUBLIC freefall::runtime freefall::views)
  target_compile_features(${target} PUBLIC cxx_std_20)
  # errno and floating-point traps would keep loops scalar; neither changes a value.
  target_compile_options(${target} PRIVATE -fno-math-errno -fno-trapping-math)
  if(NOT FREEFALL_SANITIZE)
    target_compile_options(${target} PRIVATE -O3)
  endif()
  if(arg_ISA STREQUAL "native")
    target_compile_options(${target} PRIVATE -march=native)
  endif()
  if(COMMAND freefall_warnings)
    freefall_warnings(${target})
  endif()
  set_target_properties(${target} PROPERTIES FREEFALL_GENERATED_DIR ${folder})
endfunction()
