#include "app/cli/CommandLine.h"

int main(int argc, char** argv)
{
    return icmoe::app::runCommandLine(argc, argv);
}
