#include "src/runtime/completion.h"
#include "src/runtime/repl_evaluator.h"
#include "tests/runtime/realm_test.h"

namespace sluice::runtime {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

class ReplEvaluatorTest : public RealmTest {
 protected:
  ReplEvaluatorTest() {
    Restart({.go_on_after_errors = true});
    realm().RunTask([&] { evaluator_ = std::make_unique<ReplEvaluator>(realm().isolate(), realm().context()); });
  }
  ~ReplEvaluatorTest() override {
    const v8::Isolate::Scope entered(isolate());
    evaluator_.reset();
  }

  // What evaluating `code` gives, "throws ...", or "waits" if it is not done when its task is.
  std::string Evaluated(const std::string& code) {
    std::string text = "waits";
    realm().RunTask([&] {
      evaluator_->Evaluate(code, [&](const ReplEvaluator::Result& result) {
        text = !result.failure.empty()
                   ? "fails " + result.failure
                   : (result.threw ? "throws " : "") + Inspect(realm().context(), result.value, {.depth = 0});
      });
    });
    // The callback refers to this frame.
    evaluator_->Forget();
    return text.substr(0, text.find('\n'));
  }
  bool Incomplete(const std::string& code) {
    bool incomplete = false;
    realm().RunTask([&] { incomplete = IsIncomplete(realm().context(), code); });
    return incomplete;
  }
  Completion Completed(const std::string& line) {
    Completion completion;
    realm().RunTask([&] { completion = Complete(realm().context(), *evaluator_, line); });
    return completion;
  }

  std::unique_ptr<ReplEvaluator> evaluator_;
};

TEST_F(ReplEvaluatorTest, ValuesAreTheObjectsThemselves) {
  RunTask("globalThis.object = { a: 1 }");
  EXPECT_EQ(Evaluated("object"), "{ a: 1 }");
  EXPECT_EQ(Evaluated("var kept = object; kept === object"), "true");
  EXPECT_EQ(Evaluated("'\\ud800'.length"), "1");
  EXPECT_EQ(Evaluated("-0"), "-0");
  EXPECT_EQ(Evaluated("2n ** 70n"), "1180591620717411303424n");
}

TEST_F(ReplEvaluatorTest, AwaitMayComeToNothing) {
  EXPECT_EQ(Evaluated("await 5"), "5");
  EXPECT_EQ(Evaluated("await new Promise(() => {})"), "waits");
  EXPECT_EQ(Evaluated("Promise.resolve(1)"), "Promise { 1 }");
}

TEST_F(ReplEvaluatorTest, ErrorsAreThrown) {
  EXPECT_EQ(Evaluated("throw 1"), "throws 1");
  EXPECT_EQ(Evaluated("let = ;"), "throws SyntaxError: Unexpected token ';'");
  EXPECT_EQ(Evaluated("await Promise.reject(new RangeError('r'))"), "throws RangeError: r");
  EXPECT_EQ(TakeErrors(), "");
}

TEST_F(ReplEvaluatorTest, ToJsonOfAnAuthorDoesNotMatter) {
  RunTask("Object.prototype.toJSON = String.prototype.toJSON = () => { throw 1 }");
  EXPECT_EQ(Evaluated("'\"\\\\\\u20ac' + 1"),
            "'\"\\\\\xE2\x82\xAC"
            "1'");
}

TEST_F(ReplEvaluatorTest, APatchedThenDoesNotMatter) {
  RunTask("Promise.prototype.then = null");
  EXPECT_EQ(Evaluated("1"), "1");
  EXPECT_EQ(Evaluated("await 2"), "2");
  EXPECT_EQ(Evaluated("throw 3"), "throws 3");
  RunTask("Promise.prototype.then = () => { console.log('looked up') }");
  EXPECT_EQ(Evaluated("({ a: await 4 })"), "{ a: 4 }");
  EXPECT_EQ(TakeOutput(), "");
}

TEST_F(ReplEvaluatorTest, OpenStatementsAreIncomplete) {
  for (const char* code :
       {"{",    "f(",      "f(1",       "[1,",     "`a",        "`${",       "if (x) {", "function f() {", "a +",
        "x =>", "/* open", "1 /* open", "await (", "await f(1", "class A {", "f(`",      "try {} catch {", "for (;;",
        "({",   "let a ="}) {
    EXPECT_TRUE(Incomplete(code)) << code;
  }
}

TEST_F(ReplEvaluatorTest, WholeAndWrongStatementsAreComplete) {
  for (const char* code :
       {"", "1", "{}", "f(1)", "let = ;", "f(1))", "'open", "a b", "await 1", "// comment", "/* closed */", "'/*'", "}",
        "/re", "f(1 2", "let a = 1; let a = 2", "import x from 'y'", "return 1"}) {
    EXPECT_FALSE(Incomplete(code)) << code;
  }
}

TEST_F(ReplEvaluatorTest, BracesAreObjectsWhereTheyCanBe) {
  const auto literal = [&](const char* code) {
    bool is = false;
    realm().RunTask([&] { is = IsObjectLiteral(realm().context(), code); });
    return is;
  };
  EXPECT_TRUE(literal("{ a: 1 }"));
  EXPECT_TRUE(literal("{}"));
  EXPECT_FALSE(literal("{ let a = 1 }"));
  EXPECT_FALSE(literal("{ a: 1 };"));
  EXPECT_FALSE(literal("a"));
}

TEST_F(ReplEvaluatorTest, NamesAreCompleted) {
  Evaluated("let lexical = { inner: { value: 1 } }; const lexicalToo = 'text'");
  EXPECT_THAT(Completed("lex").candidates, ElementsAre("lexical", "lexicalToo"));
  EXPECT_THAT(Completed("1 + lexical.inn").candidates, ElementsAre("inner"));
  EXPECT_EQ(Completed("1 + lexical.inn").prefix, "inn");
  EXPECT_THAT(Completed("f(lexical.inner.va").candidates, ElementsAre("value", "valueOf"));
  EXPECT_THAT(Completed("lexicalToo.toUpperC").candidates, ElementsAre("toUpperCase"));
  EXPECT_THAT(Completed("Writ").candidates, Contains("WritableStreamDefaultWriter"));
  EXPECT_THAT(Completed("new WritableStream.prototype.getW").candidates, ElementsAre("getWriter"));
  EXPECT_THAT(Completed("swi").candidates, ElementsAre("switch"));
  EXPECT_THAT(Completed("nothing.").candidates, ElementsAre());
  EXPECT_THAT(Completed("f().x").candidates, ElementsAre());
}

TEST_F(ReplEvaluatorTest, CompletionRunsNothing) {
  RunTask(
      "globalThis.ran = 0; globalThis.object = { get a() { ++ran; return {} } };"
      "Object.defineProperty(globalThis, 'accessor', { get() { ++ran; return {} } });"
      "globalThis.proxy = new Proxy({}, { get() { ++ran }, ownKeys() { ++ran; return [] }, getPrototypeOf() { ++ran; "
      "return null },"
      "                                   getOwnPropertyDescriptor() { ++ran } })");
  Completed("object.a.");
  Completed("accessor.");
  Completed("proxy.");
  Completed("proxy.x.");
  EXPECT_EQ(Evaluated("ran"), "0");
  EXPECT_THAT(Completed("obj").candidates, ElementsAre("object"));
}

TEST_F(ReplEvaluatorTest, VariablesThatAreNotInitialisedHaveNoNames) {
  Evaluated("let late = missing");
  EXPECT_THAT(Completed("late.").candidates, ElementsAre());
  EXPECT_THAT(Completed("lat").candidates, ElementsAre("late"));
}

TEST(CommonPrefix, IsWhatAllBeginWith) {
  EXPECT_EQ(CommonPrefix({"abc", "abd", "ab"}), "ab");
  EXPECT_EQ(CommonPrefix({"abc"}), "abc");
  EXPECT_EQ(CommonPrefix({"x", "y"}), "");
  EXPECT_EQ(CommonPrefix({}), "");
}

}  // namespace
}  // namespace sluice::runtime
