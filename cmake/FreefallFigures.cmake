# freefall_add_figures(<model> LIBRARIES <target>...)
# Builds figures.cpp of the model's folder into <model>_figures, which measures again the numbers that the model claims to
# reproduce (models/support/figures.hpp). Target `figures` builds those of all models; CTest runs the quick ones.
add_custom_target(figures)
function(freefall_add_figures model)
  cmake_parse_arguments(arg "" "" "LIBRARIES" ${ARGN})
  add_executable(${model}_figures figures.cpp)
  freefall_warnings(${model}_figures)
  target_include_directories(${model}_figures PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${model}_figures PRIVATE freefall_figures ${arg_LIBRARIES})
  add_dependencies(figures ${model}_figures)
  set_property(GLOBAL APPEND PROPERTY FREEFALL_FIGURES ${model})
endfunction()
