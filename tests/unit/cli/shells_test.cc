// What shells make of the completion scripts that the program prints.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "cli/completion.h"
#include "every_command.h"
#include "support/command_output.h"
#include "support/temp_dir.h"

namespace meterbill {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAre;

using Words = std::vector<std::string>;

/// The script of one shell in a file, beside files to complete.
class ShellTest : public testing::Test {
 protected:
  /// Skips the test where the shell is missing.
  void start(const std::string& shell) {
    if (!has_program(shell)) GTEST_SKIP() << "there is no " << shell << " here";
    shell_ = shell;
    const CommandOutput made =
        run_command(std::string(METERBILL_COMMAND) + " completion " + shell + " >" + script());
    ASSERT_EQ(made.status, 0);
    std::filesystem::create_directory(folder_.path() / "made-folder");
    std::ofstream(folder_.path() / "made file.toml");
  }

  [[nodiscard]] std::string script() const { return (folder_.path() / "completion").string(); }

  /// What the shell prints when it runs `text`, by lines.
  [[nodiscard]] Words lines_of(const std::string& text) const {
    const std::string driver = (folder_.path() / "driver").string();
    std::ofstream(driver) << text;
    const CommandOutput output = run_command("cd " + folder_.path().string() + " && HOME=. " +
                                             shell_ + " " + options_ + driver + " 2>&1");
    EXPECT_EQ(output.status, 0) << output.text;
    std::istringstream lines(output.text);
    Words all;
    for (std::string line; std::getline(lines, line);) all.push_back(line);
    return all;
  }

  TempDir folder_;
  std::string shell_;
  std::string options_;
};

class BashCompletionTest : public ShellTest {
 protected:
  void SetUp() override {
    options_ = "--norc --noprofile ";
    start("bash");
  }
  /// What could stand in the place of the last word.
  [[nodiscard]] Words offered(const Words& words) const {
    std::string text = "set -u\nsource " + script() + "\nCOMP_WORDS=(meterbill";
    for (const std::string& word : words) text += " " + shell_quoted(word);
    text += ")\nCOMP_CWORD=" + std::to_string(words.size()) +
            "\n_meterbill\n((${#COMPREPLY[@]} == 0)) || printf '%s\\n' \"${COMPREPLY[@]}\"\n";
    return lines_of(text);
  }
};

TEST_F(BashCompletionTest, CommandsAndTheirWords) {
  EXPECT_THAT(offered({"bil"}), ElementsAre("bill"));
  EXPECT_THAT(offered({"bill", ""}), UnorderedElementsAre("compute", "show"));
  EXPECT_THAT(offered({"agent", "outside"}), ElementsAre("outside-view"));
  EXPECT_THAT(offered({"nonsense", ""}), Not(Contains("show")));
  EXPECT_THAT(offered({"help", "bill", "sh"}), ElementsAre("show"));
  EXPECT_THAT(offered({"help", "bill", "show", ""}), IsEmpty());
  EXPECT_THAT(offered({"--"}), UnorderedElementsAre("--help", "--version"));
}

TEST_F(BashCompletionTest, EveryCommandIsReachedWordByWord) {
  for (const Command& command : every_command()) {
    Words typed;
    for (const std::string& word : command.path) {
      typed.emplace_back();
      EXPECT_THAT(offered(typed), Contains(word)) << path_text(command);
      typed.back() = word;
    }
    typed.emplace_back("--");
    const Words flags = offered(typed);
    EXPECT_THAT(flags, Contains("--help")) << path_text(command);
    EXPECT_EQ(flags.size(), command.flags.size() + 1) << path_text(command);
    for (const Flag& flag : command.flags) EXPECT_THAT(flags, Contains("--" + flag.name));
  }
}

TEST_F(BashCompletionTest, ValuesOfOptions) {
  EXPECT_THAT(offered({"bill", "show", "--period", "l"}), ElementsAre("last-month"));
  EXPECT_THAT(offered({"usage", "--by", ""}), UnorderedElementsAre("slot", "hour", "day"));
  // As bash breaks words, and as it does when told not to break them at '='.
  EXPECT_THAT(offered({"bill", "show", "--period", "="}),
              UnorderedElementsAre("this-month", "last-month"));
  EXPECT_THAT(offered({"bill", "show", "--period", "=", "l"}), ElementsAre("last-month"));
  EXPECT_THAT(offered({"bill", "show", "--period=l"}), ElementsAre("--period=last-month"));
  // Behind a value options go on; a value that nobody can guess gets no offer.
  EXPECT_THAT(offered({"bill", "show", "--period", "=", "x", "--js"}), ElementsAre("--json"));
  EXPECT_THAT(offered({"bill", "show", "--machine", ""}), IsEmpty());
}

TEST_F(BashCompletionTest, Files) {
  EXPECT_THAT(offered({"prices", "check", "--prices", "made"}),
              UnorderedElementsAre("made file.toml", "made-folder"));
  EXPECT_THAT(offered({"spool", "list", "--state-dir", "made"}), ElementsAre("made-folder"));
  EXPECT_THAT(offered({"backup", "made f"}), ElementsAre("made file.toml"));
  EXPECT_THAT(offered({"prices", "check", "--prices=made-"}), ElementsAre("--prices=made-folder"));
}

TEST_F(BashCompletionTest, OperandsInTheirPlaces) {
  EXPECT_THAT(offered({"reload", ""}), UnorderedElementsAre("agent", "worker"));
  EXPECT_THAT(offered({"log-level", "agent", "d"}), ElementsAre("debug"));
  EXPECT_THAT(offered({"log-level", "--control", "x", "a"}), ElementsAre("agent"));
  EXPECT_THAT(offered({"log-level", "--json", "agent", "w"}), ElementsAre("warning"));
  EXPECT_THAT(offered({"reload", "agent", ""}), Each(StartsWith("--")));
  EXPECT_THAT(offered({"completion", ""}), UnorderedElementsAre("bash", "zsh", "fish"));
}

class FishCompletionTest : public ShellTest {
 protected:
  void SetUp() override {
    options_ = "--no-config ";
    start("fish");
  }
  /// The words offered behind a line, without what they mean.
  [[nodiscard]] Words offered(const std::string& line) const {
    Words words = lines_of("source " + script() + "\ncomplete -C '" + line + "'\n");
    for (std::string& word : words) {
      word = word.substr(0, word.find('\t'));
      if (word.ends_with('=')) word.pop_back();  // which some versions of fish show
    }
    return words;
  }
};

TEST_F(FishCompletionTest, CommandsOptionsAndOperands) {
  EXPECT_THAT(offered("meterbill bil"), ElementsAre("bill"));
  EXPECT_THAT(offered("meterbill bill "), UnorderedElementsAre("compute", "show"));
  EXPECT_THAT(offered("meterbill help bill "), UnorderedElementsAre("compute", "show"));
  EXPECT_THAT(offered("meterbill bill show --per"), ElementsAre("--period"));
  EXPECT_THAT(offered("meterbill bill show --period "),
              UnorderedElementsAre("this-month", "last-month"));
  EXPECT_THAT(offered("meterbill bill show --period=l"), ElementsAre("--period=last-month"));
  EXPECT_THAT(offered("meterbill reload "), UnorderedElementsAre("agent", "worker"));
  EXPECT_THAT(offered("meterbill reload agent "), IsEmpty());
  EXPECT_THAT(offered("meterbill log-level --control x agent d"), ElementsAre("debug"));
  EXPECT_THAT(offered("meterbill --v"), ElementsAre("--version"));
  EXPECT_THAT(offered("meterbill bill show --js"), ElementsAre("--json"));
  EXPECT_THAT(offered("meterbill help bill show --js"), IsEmpty());
}

TEST_F(FishCompletionTest, Files) {
  EXPECT_THAT(offered("meterbill backup made"),
              UnorderedElementsAre("made file.toml", "made-folder/"));
  EXPECT_THAT(offered("meterbill prices check --prices made"),
              UnorderedElementsAre("made file.toml", "made-folder/"));
  EXPECT_THAT(offered("meterbill spool list --state-dir made"), ElementsAre("made-folder/"));
  EXPECT_THAT(offered("meterbill bill show made"), IsEmpty());
}

TEST_F(FishCompletionTest, EveryCommandIsReachedWordByWord) {
  for (const Command& command : every_command()) {
    std::string line = "meterbill";
    for (const std::string& word : command.path) {
      EXPECT_THAT(offered(line + " "), Contains(word)) << path_text(command);
      line += " " + word;
    }
    const Words flags = offered(line + " --");
    for (const Flag& flag : command.flags)
      EXPECT_THAT(flags, Contains("--" + flag.name)) << path_text(command);
  }
}

class ZshCompletionTest : public ShellTest {
 protected:
  void SetUp() override {
    options_ = "-f ";
    start("zsh");
  }
  /// What a line becomes when Tab is pressed behind it, at a terminal.
  [[nodiscard]] std::string completed(const std::string& line) const {
    const Words lines = lines_of(
        "zmodload zsh/zpty\n"
        "zpty z zsh -f -i\n"
        "zpty -w z 'autoload -Uz compinit; compinit -D -u; source " +
        script() +
        "'\n"
        "zpty -w z 'show() { print -r -- \"<$BUFFER>\"; exit }; zle -N show; bindkey \"^X\" show'\n"
        "zpty -w z 'unsetopt prompt_cr; PS1=; print ready'\n"
        "zpty -r -m z seen '*ready*ready*'\n"
        "zpty -w -n z " +
        shell_quoted(line) +
        "$'\\t\\x18'\n"
        "zpty -r -m z seen '*<*>*'\n"
        "print -r -- \"${${seen##*<}%%>*}\"\n"
        "zpty -d z\n");
    return lines.empty() ? "" : lines.back();
  }
};

TEST_F(ZshCompletionTest, TheScriptIsZsh) {
  EXPECT_EQ(run_command("zsh -n " + script() + " 2>&1").text, "");
}

TEST_F(ZshCompletionTest, CommandsOptionsAndOperands) {
  EXPECT_EQ(completed("meterbill bil"), "meterbill bill ");
  EXPECT_EQ(completed("meterbill bill sh"), "meterbill bill show ");
  EXPECT_EQ(completed("meterbill help bill sh"), "meterbill help bill show ");
  EXPECT_EQ(completed("meterbill bill show --js"), "meterbill bill show --json ");
  EXPECT_EQ(completed("meterbill bill show --period l"),
            "meterbill bill show --period last-month ");
  EXPECT_EQ(completed("meterbill bill show --period=l"),
            "meterbill bill show --period=last-month ");
  EXPECT_EQ(completed("meterbill reload a"), "meterbill reload agent ");
  EXPECT_EQ(completed("meterbill log-level agent d"), "meterbill log-level agent debug ");
  EXPECT_EQ(completed("meterbill --v"), "meterbill --version ");
  EXPECT_EQ(completed("meterbill backup made-"), "meterbill backup made-folder/");
}

}  // namespace
}  // namespace meterbill
