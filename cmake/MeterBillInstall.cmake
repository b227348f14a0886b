# Where everything goes on Linux, for every kind of package: components `cli`, `agent` and `worker` are the three packages.
include(GNUInstallDirs)
# Not below the prefix's lib: systemd looks here whatever the architecture is.
set(METERBILL_SYSTEMD_DIR lib/systemd/system CACHE STRING "Folder of units, below the prefix")
# Debian's zsh looks for what packages bring in a folder of its own; others in site-functions.
set(METERBILL_ZSH_DIR share/zsh/vendor-completions CACHE STRING "Folder of its completions, below the prefix")

install(TARGETS meterbill RUNTIME COMPONENT cli)
install(FILES systemd/meterbill.catalog DESTINATION lib/systemd/catalog COMPONENT cli)
install(FILES systemd/meterbill.sysusers DESTINATION lib/sysusers.d RENAME meterbill.conf COMPONENT cli)
foreach(service agent worker)
  install(TARGETS meterbill-${service} RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR} COMPONENT ${service})
  install(FILES systemd/meterbill-${service}.service systemd/meterbill-${service}.socket
    DESTINATION ${METERBILL_SYSTEMD_DIR} COMPONENT ${service})
  install(FILES systemd/meterbill-${service}.sysusers DESTINATION lib/sysusers.d
    RENAME meterbill-${service}.conf COMPONENT ${service})
  install(FILES etc/${service}.conf DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/meterbill COMPONENT ${service})
  install(DIRECTORY DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/meterbill/${service}.conf.d COMPONENT ${service})
endforeach()
install(FILES etc/prices.toml systemd/examples/meterbill-backup.service systemd/examples/meterbill-backup.timer
  DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples COMPONENT worker)
install(FILES systemd/meterbill-worker.tmpfiles DESTINATION lib/tmpfiles.d RENAME meterbill-worker.conf COMPONENT worker)

# Pages are made from the programs' tables by tests, and committed.
install(FILES packaging/man/meterbill.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT cli)
install(FILES packaging/man/meterbill.conf.5 packaging/man/meterbill-prices.5
  DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT cli)
foreach(service agent worker)
  install(FILES packaging/man/meterbill-${service}.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 COMPONENT ${service})
endforeach()

# `meterbill` prints these scripts itself; one that is built for another machine cannot be run.
if(NOT CMAKE_CROSSCOMPILING)
  set(completion_dir ${PROJECT_BINARY_DIR}/completion)
  file(MAKE_DIRECTORY ${completion_dir})
  set(completions "")
  foreach(shell bash zsh fish)
    add_custom_command(OUTPUT ${completion_dir}/${shell}
      COMMAND meterbill completion ${shell} > ${completion_dir}/${shell}
      DEPENDS meterbill
      COMMENT "Completion for ${shell}"
      VERBATIM)
    list(APPEND completions ${completion_dir}/${shell})
  endforeach()
  add_custom_target(completion ALL DEPENDS ${completions})
  add_dependencies(programs completion)
  install(FILES ${completion_dir}/bash COMPONENT cli
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME meterbill)
  install(FILES ${completion_dir}/zsh COMPONENT cli
    DESTINATION ${METERBILL_ZSH_DIR} RENAME _meterbill)
  install(FILES ${completion_dir}/fish COMPONENT cli
    DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d RENAME meterbill.fish)
endif()
