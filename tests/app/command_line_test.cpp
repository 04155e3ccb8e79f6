#include "CommandFixture.h"
#include "tests/support/DicomPhantom.h"

#include <sys/stat.h>

namespace icmoe::test {
namespace {

namespace fs = std::filesystem;

class CommandLineTest : public CommandTest {
protected:
    void SetUp() override
    {
        const auto phantom = writeDicomPhantom(phantomFolder());
        ASSERT_TRUE(phantom) << phantom.error().oneLine();
    }
    [[nodiscard]] fs::path phantomFolder() const { return m_folder / "Köpfe und Bäuche"; } // UTF-8 and blanks
    [[nodiscard]] std::string phantom() const { return quoted(phantomFolder()); }
    /// Uses a copy of the program and of the library that it is linked with. `folder`: as deep as the original, as
    /// library paths are relative.
    void copyProgram(const fs::path& folder)
    {
        for (const char* name : {"icmoe", "libicmoe_core.so"}) {
            if (const auto from = fs::path(ICMOE_BINARY_DIR) / name; fs::exists(from)) { // core may be linked in
                fs::copy(from, folder / name);
            }
        }
        useProgram(folder / "icmoe");
    }
    static unsigned modeOf(const fs::path& path)
    {
        struct stat status {};
        ::stat(path.c_str(), &status);
        return status.st_mode & 0777U;
    }
};

TEST_F(CommandLineTest, Help_OfEveryCommand_SaysWhatItDoesAndIsNoMedicalDevice)
{
    const auto help = icmoe("--help");
    EXPECT_EQ(help.exitCode, 0);
    EXPECT_NE(help.output.find("not a medical device"), std::string::npos);
    for (const char* command : {"list", "segment", "convert", "import", "export", "evaluate", "verify", "self-check",
                                "weights import", "annotate"}) {
        const auto result = icmoe(std::string(command) + " --help");
        EXPECT_EQ(result.exitCode, 0) << command;
        EXPECT_NE(result.output.find("--json"), std::string::npos) << command;
    }
    EXPECT_NE(icmoe("--version").output.find(ICMOE_VERSION), std::string::npos);
}

TEST_F(CommandLineTest, WrongUsage_IsTwoWithOneLine)
{
    for (const char* arguments : {"list",
                                  "segment",
                                  "list --nothing x",
                                  "weights",
                                  "weights import",
                                  "verify",
                                  "export --db x -o y",
                                  "import x",
                                  "segment x -o y.png",
                                  "segment x --box 1,2,3 -o y.png",
                                  "segment x --point 1 -o y.png",
                                  "segment x --lasso '1,1 2,2' -o y.png",
                                  "segment x --box 1,2,3,4 --plane diagonal -o y.png",
                                  "segment x --box 1,2,3,4 --slice -1 -o y.png",
                                  "segment x --box 1,2,3,4 --label '' -o y.png",
                                  "segment x --box 1,2,3,4 --experts pack -o y.png",
                                  "segment x --box 1,2,3,4 --without nobody -o y.png",
                                  "segment x --box 1,2,3,4 --local-expert nowhere -o y.png",
                                  "segment x --label '' -o y.png",
                                  "evaluate --data x --protocol box --experts pack",
                                  "annotate --script x --without nobody",
                                  "evaluate --data x",
                                  "evaluate --data x --protocol clicks:99",
                                  "import a --db b --source c --labels 1:x",
                                  "annotate",
                                  "--threads many list x",
                                  "list x --threads -2"}) {
        expectWrongUsage(arguments);
    }
}

TEST_F(CommandLineTest, List_SaysStudiesSeriesAndHealth)
{
    const auto result = icmoe("list " + phantom());
    EXPECT_EQ(result.exitCode, 0) << result.errors;
    EXPECT_NE(result.output.find("32 x 28 x 20"), std::string::npos) << result.output;
    EXPECT_NE(result.output.find("1 series, 0 refused"), std::string::npos) << result.output;
    EXPECT_TRUE(result.errors.empty()) << result.errors; // no progress where stderr is no terminal
    EXPECT_FALSE(fs::exists(dataFolder()));              // list leaves nothing behind
}

TEST_F(CommandLineTest, ListJson_HasStoredValuesOfEachInstance)
{
    const auto report = json("list " + phantom());
    const auto& series = report["studies"][0]["series"][0];
    EXPECT_EQ(series["size"], nlohmann::json({32, 28, 20}));
    ASSERT_EQ(series["instances"].size(), 20U);
    for (const auto& instance : series["instances"]) {
        EXPECT_EQ(instance["rows"], 28);
        EXPECT_EQ(instance["columns"], 32);
        EXPECT_EQ(instance["frames"], 1);
        EXPECT_EQ(instance["syntax"], "1.2.840.10008.1.2.1");
        EXPECT_EQ(instance["sha256"].get<std::string>().size(), 64U);
        EXPECT_LE(instance["minimum"], instance["maximum"]);
    }
}

TEST_F(CommandLineTest, List_OfAMissingPath_IsNotFound)
{
    expectFailure("list " + quoted(file("nowhere")), "notFound", "nowhere");
}

TEST_F(CommandLineTest, Convert_WritesTheVolume_AndReplacesOnlyWithForce)
{
    const auto out = quoted(file("volume.nii.gz"));
    EXPECT_EQ(json("convert " + phantom() + " -o " + out)["size"], nlohmann::json({32, 28, 20}));
    EXPECT_EQ(modeOf(file("volume.nii.gz")), 0600U);
    expectFailure("convert " + phantom() + " -o " + out, "alreadyExists", "--force");
    EXPECT_EQ(icmoe("convert " + phantom() + " --stored --force -o " + out).exitCode, 0);
    const auto listed = json("list " + out);
    const auto& series = listed["studies"][0]["series"][0];
    EXPECT_EQ(series["format"], "NIfTI");
    EXPECT_EQ(series["size"], nlohmann::json({32, 28, 20}));
    expectFailure("convert " + phantom() + " -o " + quoted(file("volume.xyz")), "invalidArgument", "volume.xyz");
    EXPECT_FALSE(fs::exists(file("volume.xyz")));
}

TEST_F(CommandLineTest, UnevenSeries_IsNotConvertedWithoutResample)
{
    DicomPhantomOptions options;
    options.uneven = true;
    options.seed = "uneven";
    ASSERT_TRUE(writeDicomPhantom(m_folder / "uneven", options));
    const auto in = quoted(m_folder / "uneven");
    expectFailure("convert " + in + " -o " + quoted(file("u.nii.gz")), "geometryNotRepresentable", "u.nii.gz");
    EXPECT_FALSE(fs::exists(file("u.nii.gz")));
    EXPECT_EQ(icmoe("convert " + in + " --resample -o " + quoted(file("u.nii.gz"))).exitCode, 0);
}

TEST_F(CommandLineTest, TwoSeries_NeedAChoice)
{
    DicomPhantomOptions options;
    options.seed = "second";
    options.fileNameStart = "second";
    ASSERT_TRUE(writeDicomPhantom(phantomFolder(), options));
    const auto command = "convert " + phantom() + " -o " + quoted(file("v.nrrd"));
    expectFailure(command, "invalidArgument", "--series");
    expectFailure(command + " --series 7", "notFound", "no series");
    EXPECT_EQ(icmoe(command + " --series 2").exitCode, 0);
    const auto uid = json("list " + phantom())["studies"][0]["series"][0]["uid"].get<std::string>();
    EXPECT_EQ(icmoe(command + " --force --series " + uid).exitCode, 0);
}

TEST_F(CommandLineTest, Segment_RefusesBeforeTheEngineIsLoaded)
{
    const std::string in = "segment " + phantom() + " --box 2,2,9,9 ";
    expectFailure(in + "-o " + quoted(file("m.nii.gz")), "invalidArgument", "--slice 0 to 19");
    expectFailure(in + "--slice 99 -o " + quoted(file("m.nii.gz")), "outOfRange", "99");
    expectFailure(in + "--slice 3 -o " + quoted(file("m.txt")), "unknownFormat", ".nii.gz");
    expectFailure("segment " + phantom() + " --slice 3 --point 5,5,+ --point 5,5,- -o " + quoted(file("m.png")),
                  "conflictingPrompts", "");
    expectFailure("segment " + phantom() + " --slice 3 --scribble " + quoted(file("none.png")) + " -o " +
                      quoted(file("m.png")),
                  "notFound", "none.png");
    write("m.png", "something");
    expectFailure(in + "--slice 3 -o " + quoted(file("m.png")), "alreadyExists", "--force");
}

TEST_F(CommandLineTest, Segment_WithoutWeights_SaysWhatToDo)
{
    const fs::path built(ICMOE_BINARY_DIR);
    if (!fs::exists(built / "libicmoe_inference.so")) {
        GTEST_SKIP() << "icmoe_inference is not built";
    }
    // beside the built program lie weights, so a copy of it runs
    const TemporaryFolder bare(built.parent_path());
    copyProgram(bare.path());
    fs::copy(built / "libicmoe_inference.so", bare / "libicmoe_inference.so");
    expectFailure("segment " + phantom() + " --slice 9 --box 2,2,9,9 -o " + quoted(file("m.png")), "weightsMissing",
                  "");
    EXPECT_FALSE(fs::exists(file("m.png")));
    // a name alone is a question too: it is the engine that cannot answer
    expectFailure("segment " + phantom() + " --slice 9 --label Liver -o " + quoted(file("m.png")), "weightsMissing",
                  "");
}

TEST_F(CommandLineTest, Train_OnScenesAlone_NeedsNoData)
{
    ICMOE_NEEDS_ENGINE();
    const std::string common = "train --phase features --work " + quoted(file("work"));
    EXPECT_EQ(json(common + " --synthetic 2")["views"], 2);
    expectFailure(common + " --synthetic 0", "emptyInput", "");
}

TEST_F(CommandLineTest, Segment_WithExpertsAndWithout_SaysHowTheVoteWent)
{
    ICMOE_NEEDS_ENGINE();
    const std::string in = "segment " + phantom() + " --slice 10 --box 8,6,24,22 --force -o " + quoted(file("m.png"));
    const auto base = json(in + " --experts none --label Body");
    EXPECT_FALSE(base.contains("vote"));
    EXPECT_EQ(base["label"], "Body");
    EXPECT_EQ(base["engine"]["experts"], "none");
    for (const std::string without : {"", " --without basic,semantic", " --without adaptive --without vote"}) {
        const auto report = json(in + without);
        EXPECT_GT(report["area_px"], 0) << without;
        if (report.contains("vote")) { // where a pack with a trained vote is shipped
            double weights = 0;
            for (const auto& voter : report["vote"]["voters"]) {
                EXPECT_TRUE(voter["kind"].is_string() && voter["name"].is_string() && voter["dropped"].is_boolean());
                EXPECT_TRUE(voter["predicted_iou"].is_number());
                EXPECT_TRUE(without.find(voter["kind"].get<std::string>()) == std::string::npos) << without;
                weights += voter["weight"].get<double>();
            }
            EXPECT_NEAR(weights, 1, 1e-3);
            EXPECT_GE(report["vote"]["agreement"], 0);
            EXPECT_LE(report["vote"]["agreement"], 1);
        }
    }
}

TEST_F(CommandLineTest, Segment_WithALocalExpertThatCannotSpeak_SaysWhy)
{
    ICMOE_NEEDS_ENGINE();
    std::ofstream(file("adrenal")) << "this is no expert at all, but long enough to be looked at";
    const std::string in = "segment " + phantom() + " --slice 10 --box 8,6,24,22 -o " + quoted(file("m.png")) +
                           " --local-expert " + quoted(file("adrenal"));
    expectFailure(in + " --experts none", "invalidArgument", "beside a pack of experts");
    expectFailure(in, "limitExceeded", "adrenal"); // a header of such a length
    EXPECT_FALSE(fs::exists(file("m.png")));
}

TEST_F(CommandLineTest, Segment_OnTheDeviceAskedFor_OrSaysWhyNot)
{
    ICMOE_NEEDS_ENGINE();
    const std::string in = "segment " + phantom() + " --slice 10 --box 8,6,24,22 --force -o " + quoted(file("m.png"));
    EXPECT_TRUE(json(in + " --device cpu")["engine"]["device"].get<std::string>().starts_with("CPU, "));
    if (json("self-check")["engine"]["cuda"].get<std::string>().find("networks on NVIDIA") == std::string::npos) {
        expectFailure(in + " --device cuda", "engineUnavailable", "there is no GPU that could be used");
        EXPECT_TRUE(json(in + " --device auto")["engine"]["device"].get<std::string>().starts_with("CPU, "));
    } else {
        EXPECT_FALSE(json(in + " --device cuda")["engine"]["device"].get<std::string>().starts_with("CPU"));
    }
}

TEST_F(CommandLineTest, Segment_WithoutTheEnginesLibrary_SaysWhatToDo)
{
    const fs::path built(ICMOE_BINARY_DIR);
    const TemporaryFolder bare(built.parent_path());
    copyProgram(bare.path());
    const std::string segment = "segment " + phantom() + " --slice 9 --box 2,2,9,9 -o " + quoted(file("m.png"));
    expectFailure(segment, "engineUnavailable", "is not beside the program");
    std::ofstream(bare / "libicmoe_inference.so") << "no library";
    expectFailure(segment, "engineUnavailable", "cannot be loaded");
    fs::remove(bare / "libicmoe_inference.so");
    const auto other = run("ldd " + quoted(built / "icmoe") + " | awk '/libz\\.so/ {print $3; exit}'").output;
    fs::copy(other.substr(0, other.find('\n')), bare / "libicmoe_inference.so");
    expectFailure(segment, "engineUnavailable", "another version");
    EXPECT_FALSE(fs::exists(file("m.png")));
}

TEST_F(CommandLineTest, Segment_WritesMaskAndPicture_InEveryFormat)
{
    ICMOE_NEEDS_ENGINE();
    const std::string in = "segment " + phantom() + " --slice 10 --box 8,6,24,22 --label Body ";
    for (const char* name : {"m.dcm", "m.nii.gz", "m.nrrd", "m.png"}) {
        const auto report = json(in + "-o " + quoted(file(name)));
        EXPECT_GT(report["area_px"], 0) << name;
        EXPECT_EQ(report["slice"], 10);
        EXPECT_EQ(report["voter"], report["engine"]["experts"] == "none" ? "base" : "vote");
        EXPECT_GT(report["predicted_iou"], 0.0);
        EXPECT_GE(report["voters"].size(), 1U);
        EXPECT_EQ(report["engine"]["weights_sha256"].get<std::string>().size(), 64U);
        EXPECT_EQ(modeOf(file(name)), 0600U);
    }
    const auto overlay = json(in + "--overlay " + quoted(file("o.png")) + " --force -o " + quoted(file("m.png")));
    EXPECT_EQ(overlay["seconds"]["encode"], 0); // the picture was encoded by an earlier run: the disk cache has it
    EXPECT_EQ(json("list " + quoted(file("o.png")))["studies"][0]["series"][0]["instances"][0]["columns"], 32 * 8);
    EXPECT_EQ(icmoe("verify " + quoted(file("m.dcm"))).exitCode, 0);
}

TEST_F(CommandLineTest, Segment_TakesPointsStrokesLassoAndMask)
{
    ICMOE_NEEDS_ENGINE();
    const std::string in = "segment " + phantom() + " --slice 10 --force -o " + quoted(file("m.png")) + " ";
    EXPECT_GT(json(in + "--box 8,6,24,22")["area_px"], 0);
    fs::copy(file("m.png"), file("given.png"));
    for (const std::string prompt : {"--point 16,14", "--point 16,14,+ --point 1,1,-", "--lasso '8,6 24,6 24,22 8,22'",
                                     "--scribble given.png", "--mask given.png"}) {
        auto text = prompt;
        if (const auto at = text.find("given.png"); at != std::string::npos) {
            text.replace(at, 9, quoted(file("given.png")));
        }
        const auto report = json(in + text);
        EXPECT_GE(report["voters"].size(), 1U) << prompt;
    }
    EXPECT_NE(json(in + "--experts none --lasso '8,6 24,6 24,22 8,22'").value("notice", ""),
              ""); // says how it was answered
}

TEST_F(CommandLineTest, ImportThenExport_KeepsEveryVoxel)
{
    ICMOE_NEEDS_ENGINE();
    const std::string source = " --source " + phantom();
    ASSERT_EQ(
        icmoe("segment " + phantom() + " --slice 10 --box 8,6,24,22 --label Body -o " + quoted(file("m.dcm"))).exitCode,
        0);
    const auto imported = json("import " + quoted(file("m.dcm")) + " --db " + quoted(file("a.sqlite")) + source);
    EXPECT_EQ(imported["labels"][0]["name"], "Body");
    EXPECT_GT(imported["labels"][0]["voxels"], 0);
    EXPECT_EQ(modeOf(file("a.sqlite")), 0600U);
    const auto uid = imported["series"].get<std::string>();
    for (const char* name : {"e.dcm", "e.nii.gz", "e.nrrd"}) {
        const auto exported =
            json("export --db " + quoted(file("a.sqlite")) + " --series " + uid + source + " -o " + quoted(file(name)));
        EXPECT_EQ(exported["labels"], imported["labels"]) << name;
        const auto again =
            json("import " + quoted(file(name)) + " --db " + quoted(file(std::string(name) + ".sqlite")) + source);
        EXPECT_EQ(again["labels"][0]["voxels"], imported["labels"][0]["voxels"]) << name;
    }
    EXPECT_EQ(json("verify " + quoted(file("a.sqlite")))["files"][0]["series"][0]["uid"], uid);
    const auto only =
        json("export --db " + quoted(file("a.sqlite")) + source + " --force -o " + quoted(file("e.nrrd")));
    EXPECT_EQ(only["series"], uid); // the only one need not be named
}

TEST_F(CommandLineTest, ImportAndExport_RefuseWhatDoesNotFit)
{
    const auto database = quoted(file("a.sqlite"));
    expectFailure("import " + quoted(file("no.dcm")) + " --db " + database + " --source " + phantom(), "notFound",
                  "no.dcm");
    expectFailure("export --db " + database + " --series 1.2.3 --source " + phantom() + " -o " + quoted(file("x.dcm")),
                  "notFound", "");
    write("script", "{\"action\": \"open\", \"path\": \"" + phantomFolder().string() +
                        "\"}\n{\"action\": \"label.add\", \"name\": \"A\"}\n");
    ASSERT_EQ(icmoe("annotate --db " + database + " --script " + quoted(file("script"))).exitCode, 0);
    expectFailure("export --db " + database + " --series 1.2.3 --source " + phantom() + " -o " + quoted(file("x.dcm")),
                  "notFound", "1.2.3");
    expectFailure("export --db " + database + " --series 1.2.3 --source " + phantom() + " -o " + quoted(file("x.abc")),
                  "unknownFormat", "--format");
    DicomPhantomOptions options;
    options.size = {16, 16, 4};
    options.spacing = {3, 3, 3};
    ASSERT_TRUE(writeDicomPhantom(m_folder / "other", options));
    write("script", "{\"action\": \"open\", \"path\": \"" + (m_folder / "other").string() + "\"}\n" +
                        "{\"action\": \"label.add\", \"name\": \"A\"}\n" +
                        "{\"action\": \"paint\", \"slice\": 1, \"path\": [[8, 8]], \"radius_mm\": 5}\n" +
                        "{\"action\": \"export\", \"path\": \"" + file("other.nii.gz").string() + "\"}\n");
    ASSERT_EQ(icmoe("annotate --db " + quoted(file("other.sqlite")) + " --script " + quoted(file("script"))).exitCode,
              0);
    expectFailure("import " + quoted(file("other.nii.gz")) + " --db " + database + " --source " + phantom(),
                  "geometryMismatch", "");
}

TEST_F(CommandLineTest, Annotate_StoresEachActionBeforeItIsAcknowledged)
{
    write("script", "{\"action\": \"file.open\", \"path\": \"" + phantomFolder().string() +
                        "\"}\n"
                        "{\"action\": \"label.add\", \"name\": \"Body\"}\n"
                        "\n"
                        "{\"action\": \"paint\", \"slice\": 10, \"path\": [[10, 10], [20, 10]], \"radius_mm\": 6}\n"
                        "{\"action\": \"erase\", \"slice\": 10, \"path\": [[15, 10]], \"radius_mm\": 4}\n"
                        "{\"action\": \"undo\"}\n{\"action\": \"redo\"}\n{\"action\": \"redo\"}\n"
                        "{\"action\": \"label.rename\", \"label\": 1, \"name\": \"Trunk\"}\n"
                        "{\"action\": \"export\", \"path\": \"" +
                        file("out.nii.gz").string() +
                        "\"}\n"
                        "{\"action\": \"state\"}\n");
    const auto result = icmoe("annotate --script " + quoted(file("script")));
    EXPECT_EQ(result.exitCode, 0) << result.errors;
    std::vector<nlohmann::json> lines;
    std::istringstream text(result.output);
    for (std::string line; std::getline(text, line);) {
        lines.push_back(nlohmann::json::parse(line));
        EXPECT_EQ(lines.back()["ok"], true) << line;
    }
    ASSERT_EQ(lines.size(), 10U);
    const auto painted = lines[2]["voxels"].get<int>();
    EXPECT_GT(painted, 0);
    EXPECT_LT(lines[3]["voxels"].get<int>(), painted);
    EXPECT_GT(lines[3]["revision"], lines[2]["revision"]);
    EXPECT_EQ(lines[4]["changed"], true);
    EXPECT_EQ(lines[6]["changed"], false); // nothing left to redo
    EXPECT_EQ(lines[9]["labels"][0]["name"], "Trunk");
    EXPECT_EQ(lines[9]["labels"][0]["voxels"], lines[3]["voxels"]);
    EXPECT_TRUE(fs::exists(file("out.nii.gz")));
    EXPECT_EQ(modeOf(dataFolder()), 0700U);
    EXPECT_EQ(modeOf(dataFolder() / "annotations.sqlite"), 0600U);

    // a later run finds it all again
    write("again", "{\"action\": \"open\", \"path\": \"" + phantomFolder().string() +
                       "\"}\n{\"action\": \"undo\"}\n{\"action\": \"state\"}\n");
    const auto again = icmoe("annotate --script - < " + quoted(file("again")));
    EXPECT_NE(again.output.find("\"Body\""), std::string::npos)
        << again.output << again.errors; // the renaming was undone
}

TEST_F(CommandLineTest, Annotate_WithTheEngine_AcceptsAProposal)
{
    ICMOE_NEEDS_ENGINE();
    write("script", "{\"action\": \"open\", \"path\": \"" + phantomFolder().string() +
                        "\"}\n"
                        "{\"action\": \"label.add\", \"name\": \"Body\"}\n"
                        "{\"action\": \"prompt.box\", \"slice\": 10, \"box\": [8, 6, 24, 22]}\n"
                        "{\"action\": \"proposal.next\"}\n"
                        "{\"action\": \"accept\", \"mode\": \"add\"}\n"
                        "{\"action\": \"prompt.point\", \"slice\": 11, \"point\": [16, 14]}\n"
                        "{\"action\": \"discard\"}\n"
                        "{\"action\": \"export\", \"path\": \"" +
                        file("out.dcm").string() + "\"}\n");
    const auto result = icmoe("annotate --script " + quoted(file("script")));
    EXPECT_EQ(result.exitCode, 0) << result.errors << result.output;
    EXPECT_EQ(icmoe("verify " + quoted(file("out.dcm"))).exitCode, 0);
}

TEST_F(CommandLineTest, Annotate_StopsAtTheFirstWrongLine_AndNamesIt)
{
    const auto open = "{\"action\": \"open\", \"path\": \"" + phantomFolder().string() + "\"}\n";
    const std::vector<std::pair<std::string, std::string>> wrong{
        {"nonsense", "invalidArgument"},
        {"{\"action\": \"fly\"}", "invalidArgument"},
        {"{\"action\": \"label.rename\", \"label\": 5, \"name\": \"x\"}", "notFound"},
        {"{\"action\": \"label.add\", \"name\": \"\"}", "invalidArgument"},
        {"{\"action\": \"label.select\", \"label\": \"x\"}", "notFound"},
        {"{\"action\": \"accept\"}", "invalidArgument"},
        {"{\"action\": \"paint\", \"slice\": 10, \"path\": [[1, 1]], \"radius_mm\": 3}", "invalidArgument"},
        {"{\"action\": \"prompt.box\", \"slice\": 10}", "invalidArgument"},
        {"{\"action\": \"prompt.box\", \"slice\": 99, \"box\": [1, 2, 3, 4]}", "outOfRange"},
        {"{\"action\": \"export\", \"path\": \"x.abc\"}", "unknownFormat"},
        {"{\"action\": \"import\", \"path\": \"/nowhere.dcm\"}", "notFound"},
    };
    for (const auto& [line, code] : wrong) {
        write("script", open + line + "\n" + "{\"action\": \"state\"}\n");
        const auto result = icmoe("annotate --script " + quoted(file("script")));
        EXPECT_EQ(result.exitCode, 1) << line;
        EXPECT_NE(result.errors.find("line 2"), std::string::npos) << result.errors;
        EXPECT_NE(result.output.find("\"code\":\"" + code + "\""), std::string::npos) << line << result.output;
        EXPECT_EQ(result.output.find("\"line\":3"), std::string::npos);
    }
    write("script", "{\"action\": \"undo\"}\n");
    EXPECT_NE(icmoe("annotate --script " + quoted(file("script"))).errors.find("no series is open"), std::string::npos);
    expectFailure("annotate --script " + quoted(file("none")), "notFound", "none");
}

TEST_F(CommandLineTest, LockedLabel_IsNotPainted)
{
    write("script", "{\"action\": \"open\", \"path\": \"" + phantomFolder().string() +
                        "\"}\n"
                        "{\"action\": \"label.add\", \"name\": \"A\"}\n{\"action\": \"label.lock\", \"label\": 1}\n"
                        "{\"action\": \"paint\", \"slice\": 10, \"path\": [[9, 9]], \"radius_mm\": 5}\n");
    const auto result = icmoe("annotate --script " + quoted(file("script")));
    EXPECT_EQ(result.exitCode, 1);
    EXPECT_NE(result.output.find("labelLocked"), std::string::npos) << result.output;
}

TEST_F(CommandLineTest, Verify_TellsSoundFromBroken)
{
    const auto picture = fs::directory_iterator(phantomFolder())->path();
    EXPECT_EQ(json("verify " + quoted(picture))["files"][0]["kind"], "picture");
    fs::copy(picture, file("cut.dcm"));
    fs::resize_file(file("cut.dcm"), fs::file_size(picture) / 2);
    EXPECT_EQ(icmoe("verify " + quoted(file("cut.dcm"))).exitCode, 1);
    write("w.safetensors", "no weights");
    EXPECT_NE(icmoe("verify " + quoted(file("w.safetensors"))).errors.find("SHA-256"), std::string::npos);
    write("text.txt", "hello");
    EXPECT_EQ(icmoe("verify " + quoted(file("text.txt"))).exitCode, 1);
    EXPECT_EQ(icmoe("verify " + quoted(file("nothing"))).exitCode, 1);
    write("broken.sqlite", std::string("SQLite format 3\0", 16) + std::string(5000, 'x'));
    EXPECT_EQ(icmoe("verify " + quoted(file("broken.sqlite"))).exitCode, 1);
}

TEST_F(CommandLineTest, SelfCheck_SaysWhatIsThereAndWhatIsMissing)
{
    const auto report = json("self-check");
    EXPECT_EQ(report["notice"], "for research, not a medical device");
    EXPECT_GT(report["threads"], 0);
    EXPECT_GE(report["codecs"].size(), 5U);
    EXPECT_EQ(report["paths"]["data"], dataFolder().string());
    if (!fs::exists(fs::path(ICMOE_BINARY_DIR) / "weights")) {
        EXPECT_EQ(report["weights"]["sound"], false);
        EXPECT_FALSE(report["missing"].empty());
    }
    EXPECT_NE(icmoe("self-check").output.find("not a medical device"), std::string::npos);
}

TEST_F(CommandLineTest, SelfCheck_WithWeights_NamesDeviceAndHash)
{
    ICMOE_NEEDS_ENGINE();
    const auto report = json("self-check");
    EXPECT_EQ(report["weights"]["sound"], true);
    EXPECT_EQ(report["weights"]["sha256"].get<std::string>().size(), 64U);
    EXPECT_FALSE(report["engine"]["device"].get<std::string>().empty());
    EXPECT_FALSE(report["engine"]["precision"].get<std::string>().empty());
}

TEST_F(CommandLineTest, WeightsImport_TakesThePublishedFileAlone)
{
    write("x.pth", "no checkpoint");
    EXPECT_EQ(icmoe("weights import " + quoted(file("x.pth"))).exitCode, 1);
    expectFailure("weights import " + quoted(file("none.pth")), "notFound", "none.pth");
    const auto published = fs::path(ICMOE_SOURCE_DIR) / "third_party" / "weights" / "lite_medsam.pth";
    if (!fs::exists(published)) {
        GTEST_SKIP() << "the published weights are missing: run installer/setup";
    }
    const auto imported = json("weights import " + quoted(published));
    EXPECT_TRUE(fs::exists(imported["file"].get<std::string>()));
    EXPECT_EQ(icmoe("verify " + quoted(imported["file"].get<std::string>())).exitCode, 0);
    expectFailure("weights import " + quoted(published) + " --family other", "weightsUnknown", "other");
}

TEST_F(CommandLineTest, DataFolder_ThatCannotBeMade_IsSaid)
{
    const auto program = fs::path(ICMOE_BINARY_DIR) / "icmoe";
    const auto result = run(quoted(program) + " --data-dir /dev/null/x self-check");
    EXPECT_EQ(result.exitCode, 1);
    EXPECT_NE(result.errors.find("--data-dir"), std::string::npos) << result.errors;
    const auto standard = run("XDG_DATA_HOME=" + quoted(file("xdg")) + " " + quoted(program) + " self-check --json");
    EXPECT_EQ(standard.exitCode, 0);
    EXPECT_EQ(modeOf(file("xdg") / "icmoe"), 0700U);
}

TEST_F(CommandLineTest, Log_HoldsNoPathAndNoName)
{
    fs::create_directories(dataFolder());
    expectFailure("list " + quoted(m_folder / "Doe^Jane"), "notFound", "Doe^Jane");
    std::ifstream file(dataFolder() / "log" / "icmoe.log");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_NE(text.find("notFound"), std::string::npos) << text;
    EXPECT_EQ(text.find("Doe"), std::string::npos) << text;
    EXPECT_EQ(text.find(m_folder.path().string()), std::string::npos) << text;
    EXPECT_EQ(modeOf(dataFolder() / "log" / "icmoe.log"), 0600U);
}

TEST_F(CommandLineTest, Interrupt_WhileWaitingForALine_EndsWith130)
{
    // opening the pipe returns once the program has opened it too; it then waits for lines that never come
    const auto pipe = quoted(file("pipe"));
    const auto result = run("mkfifo " + pipe + "; env --default-signal=INT " +
                            quoted(fs::path(ICMOE_BINARY_DIR) / "icmoe") + " --data-dir " + quoted(dataFolder()) +
                            " annotate --script " + pipe + " & pid=$!; exec 3>" + pipe + "; kill -INT $pid; wait $pid");
    EXPECT_EQ(result.exitCode, 130) << result.errors;
    EXPECT_NE(result.errors.find("interrupted"), std::string::npos) << result.errors;
}

TEST_F(CommandLineTest, Evaluate_RefusesWhatItCannotDo)
{
    expectFailure("evaluate --data " + quoted(file("none")) + " --protocol box", "notFound", "none");
    expectFailure("evaluate --data " + quoted(m_folder.path()) + " --protocol box", "emptyInput", "images and labels");
    expectWrongUsage("evaluate --data " + quoted(m_folder.path()) + " --protocol strokes");
}

} // namespace
} // namespace icmoe::test
