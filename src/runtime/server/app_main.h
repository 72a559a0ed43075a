// The main function of an app's process, which AppProcess starts: it loads the app and answers requests until its
// socket is closed.
#ifndef SLUICE_RUNTIME_SERVER_APP_MAIN_H_
#define SLUICE_RUNTIME_SERVER_APP_MAIN_H_

#include <string_view>

namespace sluice::runtime {

// The first argument of a command line that means this function.
inline constexpr std::string_view kAppProcessCommand = "app-process";

// argv: the program, kAppProcessCommand, the server's process id, the app's name. Returns the exit code (AppExit).
int RunAppProcess(int argc, char** argv);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_APP_MAIN_H_
