# Where everything goes on Linux, for every kind of package: components `cli`, `agent` and `worker` are the three packages.
include(GNUInstallDirs)
# Not below the prefix's lib: systemd looks here whatever the architecture is.
set(METERBILL_SYSTEMD_DIR lib/systemd/system CACHE STRING "Folder of units, below the prefix")

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
install(FILES etc/prices.toml DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples COMPONENT worker)
install(FILES systemd/meterbill-worker.tmpfiles DESTINATION lib/tmpfiles.d RENAME meterbill-worker.conf COMPONENT worker)
