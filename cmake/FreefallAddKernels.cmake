# freefall_add_kernels(<target>
#   MODEL  <file.cpp>                 # defines freefall::program define()
#  [AXES   <axis>=<size>...]          # one for each axis of the model; none if it has none
#  [SCALAR float|double]              # default float
#  [ISA    native|portable]           # default native: for the processor of this machine; portable: for every processor
#                                     # of its family, on x86-64 in three instruction sets of which one is chosen at run time
#  [MACHINE <name>]                   # what slices and tiles are made for, default any; `emit --help` lists the machines
#  [FIRST_CACHE <bytes>]              # the first data cache of that machine, default by MACHINE
#  [CACHE  <bytes>]                   # its second cache, default by MACHINE
#  [TILE   <rows>x<vectors>]          # of a tile of a product in registers, as in 8x3; default by the instruction set; not with
#                                     # ISA portable
#  [FREESTANDING]                     # the kernels must not need a C library; compiled as for a device, -ffreestanding without
#                                     # exceptions and run-time types (docs/how-to/embedded.md)
#  [REPORT <file.html>]               # a page about the model and its kernels; relative to the current binary folder
#  [OMIT   <array>...]               # arrays that nobody reads after a call; the library does not give them out
#                                     # (docs/how-to/omit.md)
#  [TRUST  <array>...]               # arrays whose values the caller vouches for; kernels do not check them before they begin
#                                     # (docs/how-to/trust.md)
#  [WITHOUT <pass>...]               # optional passes that are left out, to see what they are worth; `emit --help` lists them
#  [VERIFY]                           # the build fails when a reference of the model has not the declared verdict
# )
# Makes a static library <target> with the header <target>.hpp (plain kernels, namespace <target>) and the wrapper
# <target>_views.hpp. Files are rewritten only when their bytes change. The derived rules stand in <target>_rules.txt
# beside them; the folder is in the target property FREEFALL_GENERATED_DIR.
include_guard(GLOBAL)
include(CheckCXXSourceCompiles)

# One generator for each model file, shared by all its sizes. The words after it name who asks, for the message.
function(_freefall_generator out model)
  cmake_path(ABSOLUTE_PATH model NORMALIZE)
  if(NOT EXISTS ${model})
    message(FATAL_ERROR "${ARGN}: MODEL '${model}' does not exist; give the file that defines freefall::program define(), relative to the folder of this CMakeLists.txt")
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

# For the processor of this machine. g++ takes half of the registers of AVX-512 where it tunes for Intel, whose first
# processors with it lowered their clock; products and functions of the runtime take whole ones in any case.
function(_freefall_native_options out)
  set(CMAKE_REQUIRED_QUIET TRUE)
  set(CMAKE_REQUIRED_FLAGS "-march=native -mprefer-vector-width=512")
  check_cxx_source_compiles("
    #if !defined(__AVX512F__) || !defined(__AVX512DQ__)
    #error
    #endif
    int main() {}" FREEFALL_NATIVE_AVX512)
  set(options -march=native)
  if(FREEFALL_NATIVE_AVX512)
    list(APPEND options -mprefer-vector-width=512)
  endif()
  set(${out} ${options} PARENT_SCOPE)
endfunction()

# The kernels of a portable library, once for each instruction set; the rest of it for all processors. A source of its own
# for each set, so that all of them have the properties of the target.
function(_freefall_compile_for_each_set target folder)
  if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
    target_sources(${target} PRIVATE ${folder}/${target}_kernels.cpp)
    return()
  endif()
  target_compile_options(${target} PRIVATE -march=x86-64)
  foreach(set IN ITEMS baseline:x86-64 avx2:x86-64-v3 avx512:x86-64-v4)
    string(REGEX MATCH "^([^:]+):(.+)$" set ${set})
    set(options -march=${CMAKE_MATCH_2})
    if(CMAKE_MATCH_1 STREQUAL "avx512")
      list(APPEND options -mprefer-vector-width=512)
    endif()
    set(source ${folder}/${target}_${CMAKE_MATCH_1}.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${target}_kernels.cpp\"\n" @ONLY)
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "${options}" SKIP_UNITY_BUILD_INCLUSION TRUE)
    target_sources(${target} PRIVATE ${source})
  endforeach()
endfunction()

function(freefall_add_kernels target)
  cmake_parse_arguments(arg "VERIFY;FREESTANDING" "MODEL;SCALAR;ISA;MACHINE;FIRST_CACHE;CACHE;TILE;REPORT" "AXES;OMIT;TRUST;WITHOUT" ${ARGN})
  if(NOT target MATCHES "^[A-Za-z_][A-Za-z0-9_]*$")
    message(FATAL_ERROR "freefall_add_kernels(${target}): the name is also a C++ namespace; use letters, digits and '_', no digit first")
  endif()
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "freefall_add_kernels(${target}): unknown argument '${arg_UNPARSED_ARGUMENTS}'; known are MODEL, AXES, SCALAR, ISA, MACHINE, FIRST_CACHE, CACHE, TILE, FREESTANDING, REPORT, OMIT, TRUST, WITHOUT, VERIFY")
  endif()
  if(NOT arg_MODEL)
    message(FATAL_ERROR "freefall_add_kernels(${target}): MODEL is missing; give the file that defines freefall::program define()")
  endif()
  if(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
    message(FATAL_ERROR "freefall_add_kernels(${target}): the kernels are generated by a program that runs on this machine, but everything here is compiled for ${CMAKE_SYSTEM_NAME}; write them with `freefall emit` first and compile the files (docs/how-to/embedded.md), or set CMAKE_CROSSCOMPILING_EMULATOR")
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

  foreach(option IN ITEMS FIRST_CACHE CACHE)
    if(DEFINED arg_${option} AND NOT arg_${option} MATCHES "^[1-9][0-9]*$")
      message(FATAL_ERROR "freefall_add_kernels(${target}): ${option} is '${arg_${option}}'; expected a number of bytes")
    endif()
  endforeach()
  if(DEFINED arg_TILE AND NOT arg_TILE MATCHES "^[1-9][0-9]*x[1-9][0-9]*$")
    message(FATAL_ERROR "freefall_add_kernels(${target}): TILE is '${arg_TILE}'; expected rows x vectors, as in TILE 8x3")
  endif()
  if(DEFINED arg_TILE AND arg_ISA STREQUAL "portable")
    message(FATAL_ERROR "freefall_add_kernels(${target}): TILE is for one instruction set; with ISA portable each set has its own, leave one of them out")
  endif()

  set(report "")
  if(arg_REPORT)
    if(NOT arg_REPORT MATCHES "\\.html$")
      message(FATAL_ERROR "freefall_add_kernels(${target}): REPORT is '${arg_REPORT}'; expected the name of a page, as in REPORT ${target}.html")
    endif()
    cmake_path(ABSOLUTE_PATH arg_REPORT BASE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR} NORMALIZE)
    set(report --report ${arg_REPORT})
  endif()

  _freefall_generator(generator ${arg_MODEL} "freefall_add_kernels(${target})")
  set(options --scalar ${arg_SCALAR} --isa ${arg_ISA})
  if(arg_FREESTANDING)
    list(APPEND options --freestanding)
  endif()
  foreach(option IN ITEMS AXES OMIT TRUST WITHOUT MACHINE FIRST_CACHE CACHE TILE)
    if(arg_${option})
      string(TOLOWER ${option} word)
      string(REPLACE _ - word ${word})
      list(APPEND options --${word} ${arg_${option}})
    endif()
  endforeach()
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target})
  set(files ${folder}/${target}.hpp ${folder}/${target}.cpp ${folder}/${target}_views.hpp ${folder}/${target}_rules.txt)
  if(arg_ISA STREQUAL "portable")
    list(APPEND files ${folder}/${target}_kernels.cpp)
  endif()
  set(verify)
  if(arg_VERIFY)
    set(verify COMMAND ${generator} verify --quiet)
  endif()
  add_custom_command(
    OUTPUT ${folder}/${target}.stamp
    BYPRODUCTS ${files} ${arg_REPORT}
    ${verify}
    COMMAND ${generator} emit --name ${target} --out ${folder} ${options} ${report}
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
  target_compile_options(${target} PRIVATE -fno-math-errno -fno-trapping-math -fopenmp-simd)
  target_compile_definitions(${target} PRIVATE FREEFALL_OPENMP_SIMD)
  if(arg_FREESTANDING)
    target_compile_options(${target} PRIVATE -ffreestanding -fno-exceptions -fno-rtti)
  endif()
  if(NOT FREEFALL_SANITIZE)
    target_compile_options(${target} PRIVATE -O3)
  endif()
  if(arg_ISA STREQUAL "native")
    _freefall_native_options(native)
    target_compile_options(${target} PRIVATE ${native})
  else()
    _freefall_compile_for_each_set(${target} ${folder})
  endif()
  if(COMMAND freefall_warnings)
    freefall_warnings(${target})
  endif()
  set_target_properties(${target} PROPERTIES FREEFALL_GENERATED_DIR ${folder})
endfunction()
