#include "StoreModel.h"

#include <cstdio>
#include <unistd.h>

// store_writer FILE SEED ROUND: does random steps until it is killed, and tells on its standard output: 'o' the store
// is open, 't' a step begins, 'a' the step was acknowledged. Without steps where ROUND is "idle". Needs core only.
int main(int count, char** arguments)
{
    using namespace icmoe;
    const auto tell = [](char what) { return ::write(STDOUT_FILENO, &what, 1) == 1; };
    const auto failed = [](const Error& error) {
        std::fprintf(stderr, "%s\n", error.oneLine().c_str());
        return 3;
    };
    if (count != 4) {
        return 2;
    }
    const std::string round = arguments[3];
    const bool idle = round == "idle";
    std::mt19937 random(static_cast<unsigned>(std::stoul(arguments[2]) + (idle ? 0 : std::stoul(round))));
    const auto store = AnnotationStore::open(arguments[1]);
    if (!store) {
        return failed(store.error());
    }
    const auto series = (*store)->openSeries(test::someSeries());
    if (!series) {
        return failed(series.error());
    }
    test::StoreModel model = test::StoreModel::of(**store, *series);
    if (!tell('o')) {
        return 4;
    }
    while (idle) {
        ::pause();
    }
    for (int step = 0;; ++step) {
        const auto operation = model.next(random, round + "." + std::to_string(step));
        if (!tell('t')) {
            return 4;
        }
        if (const Status done = perform(**store, *series, operation); !done) {
            return failed(done.error());
        }
        if (!tell('a')) {
            return 4;
        }
        model.apply(operation);
    }
}
