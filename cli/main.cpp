#include <clocale>
#include <csignal>
#include <string>
#include <vector>

#include "cli/app.h"

int main(int argc, char** argv) {
    // A reader that ends is noticed by the write, not by a signal.
    std::signal(SIGPIPE, SIG_IGN);
    // Times are shown as this user's locale writes them; numbers and files are not.
    std::setlocale(LC_TIME, "");
    filial::cli::Console console;
    const filial::core::SystemClock clock;
    filial::cli::Context context(console, clock);
    return filial::cli::run(context, std::vector<std::string>(argv + 1, argv + argc));
}
