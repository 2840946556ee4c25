# Makes a project with FREEFALL in FOLDER, builds it as the program says and runs it.
file(REMOVE_RECURSE ${FOLDER})
execute_process(COMMAND ${FREEFALL} new ${FOLDER} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --preset default WORKING_DIRECTORY ${FOLDER} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build build WORKING_DIRECTORY ${FOLDER} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND build/fresh WORKING_DIRECTORY ${FOLDER} OUTPUT_VARIABLE out COMMAND_ERROR_IS_FATAL ANY)
if(NOT out MATCHES "reading 0: causes 0.818182 1.545455")
  message(FATAL_ERROR "the program of the new project printed\n${out}")
endif()
# A second one does not overwrite the first.
execute_process(COMMAND ${FREEFALL} new ${FOLDER} RESULT_VARIABLE code ERROR_VARIABLE err)
if(NOT code EQUAL 3 OR NOT err MATCHES "exists already")
  message(FATAL_ERROR "a second `freefall new` ended with ${code}: ${err}")
endif()
