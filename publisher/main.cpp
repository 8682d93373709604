#include "core/process.h"
#include "publisher/lives.h"

int main(int argc, char** argv) {
    return filial::core::run_process(argc, argv, "publisher",
                                     "The store's own log: takes tickets, decides, keeps, and "
                                     "serves what happened here",
                                     filial::publisher::serve);
}
