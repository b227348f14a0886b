# What a Windows program carries beside its code: its manifest (UTF-8, long paths), its version as the Explorer and the
# installer read it, and the texts of the event log.
if(WIN32)
  enable_language(RC)
endif()

function(mb_windows_resources target description)
  if(NOT WIN32)
    return()
  endif()
  set(folder ${PROJECT_BINARY_DIR}/resources)
  if(NOT TARGET event_messages)
    find_program(METERBILL_WINDMC x86_64-w64-mingw32-windmc REQUIRED)
    set(source ${PROJECT_SOURCE_DIR}/windows-service/events.mc)
    add_custom_command(OUTPUT ${folder}/events.rc ${folder}/events_MSG00409.bin
      COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
      COMMAND ${METERBILL_WINDMC} -b -h ${folder} -r ${folder} ${source}
      DEPENDS ${source})
    add_custom_target(event_messages DEPENDS ${folder}/events.rc)
  endif()
  string(REPLACE "." "," version_numbers "${PROJECT_VERSION},0")
  set(program ${target})
  configure_file(${PROJECT_SOURCE_DIR}/windows-service/program.rc.in ${folder}/${target}.rc @ONLY)
  configure_file(${PROJECT_SOURCE_DIR}/windows-service/program.manifest ${folder}/program.manifest COPYONLY)
  target_sources(${target} PRIVATE ${folder}/${target}.rc)
  set_source_files_properties(${folder}/${target}.rc PROPERTIES OBJECT_DEPENDS
    "${folder}/events.rc;${folder}/program.manifest")
  target_include_directories(${target} PRIVATE ${folder})
  add_dependencies(${target} event_messages)
endfunction()
