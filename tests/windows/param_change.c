/* Tells a service that its configuration changed, as `sc control NAME paramchange` does on Windows:
   the sc of Wine has no such word. Exit status 0 when the service took it. */
#include <windows.h>

int main(int count, char** words) {
  SC_HANDLE manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_CONNECT);
  SC_HANDLE service =
      count == 2 ? OpenServiceA(manager, words[1], SERVICE_PAUSE_CONTINUE) : NULL;
  SERVICE_STATUS status;
  return service && ControlService(service, SERVICE_CONTROL_PARAMCHANGE, &status) ? 0 : 1;
}
