#include "core/wire/path.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dfs::wire {
namespace {

Code refusal_of(std::string_view text) { return Path::parse(text).status().code(); }

TEST(Path, HDFS_3626_RepeatedAndTrailingSlashesAreCollapsedOnce) {
  EXPECT_EQ(Path::parse("//a///b/")->text(), "/a/b");
  EXPECT_EQ(Path::parse("///")->text(), "/");
  EXPECT_EQ(*Path::parse("/a/b"), *Path::parse("/a//b//"));
}

TEST(Path, DotsAreRefusedAndNamesThatContainDotsAreNot) {
  for (const char* text : {"/.", "/..", "/a/./b", "/a/../b", "/a/.."}) {
    EXPECT_EQ(refusal_of(text), Code::kInvalidArgument) << text;
  }
  for (const char* text : {"/...", "/.hidden", "/a.b", "/a..b"}) {
    EXPECT_EQ(Path::parse(text)->text(), text);
  }
}

TEST(Path, WhatIsNotAbsoluteIsRefused) {
  EXPECT_EQ(Path::parse("a/b").status().message(), "a/b: Not an absolute path");
  EXPECT_EQ(refusal_of(""), Code::kInvalidArgument);
}

TEST(Path, NulAndInvalidUtf8AreRefusedInOnePrintableLine) {
  EXPECT_EQ(Path::parse(std::string_view("/a\0b", 4)).status().message(),
            "/a\\x00b: A name must not contain NUL");
  EXPECT_EQ(Path::parse("/\xff\n").status().message(), "/\\xff\\x0a: A name must be valid UTF-8");
  EXPECT_EQ(Path::parse("/a/../b").status().message(),
            "/a/../b: '.' and '..' are not allowed as names");
  for (const char* bytes : {"\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80",
                            "\xc3", "\xe2\x82", "\xf0\x80\x80\x80", "\xf5\x80\x80\x80"}) {
    EXPECT_FALSE(is_utf8(bytes));
    EXPECT_EQ(refusal_of("/" + std::string(bytes)), Code::kInvalidArgument);
  }
  for (const char* text : {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\x98", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(text));
  }
}

TEST(Path, LimitsAreExact) {
  EXPECT_TRUE(Path::parse("/" + std::string(255, 'n')).ok());
  EXPECT_EQ(refusal_of("/" + std::string(256, 'n')), Code::kInvalidArgument);

  std::string deep;
  for (int i = 0; i < 255; ++i) deep += "/d";
  EXPECT_EQ(Path::parse(deep)->depth(), 255u);
  EXPECT_EQ(refusal_of(deep + "/d"), Code::kInvalidArgument);

  std::string wide;
  for (int i = 0; i < 16; ++i) wide += "/" + std::string(255, 'w');
  ASSERT_EQ(wide.size(), 4096u);
  EXPECT_TRUE(Path::parse(wide).ok());
  EXPECT_EQ(refusal_of(wide + "/"), Code::kInvalidArgument);
}

TEST(Path, ANameIsOneComponentWithinItsLimit) {
  for (const std::string& name : {std::string("a"), std::string("..."), std::string(255, 'n')}) {
    EXPECT_TRUE(check_name(name).ok()) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("/"),
        std::string("a\0b", 3), std::string("\xff"), std::string(256, 'n')}) {
    EXPECT_EQ(check_name(name).code(), Code::kInvalidArgument) << name;
  }
  EXPECT_EQ(check_name("a/b").message(), "a/b: A name must not contain '/'");
}

TEST(Path, AParentContainsItsChildrenAndNotItsNamesakes) {
  const Path a = *Path::parse("/a");
  EXPECT_TRUE(a.contains(*Path::parse("/a/b/c")));
  EXPECT_TRUE(a.contains(a));
  EXPECT_TRUE(Path().contains(a));
  EXPECT_FALSE(a.contains(*Path::parse("/ab")));
  EXPECT_FALSE(a.contains(Path()));
  EXPECT_EQ(Path::parse("/a/b")->parent(), a);
}

TEST(Path, AnyBytesAreRefusedInOneLineOrHaveOneCanonicalForm) {
  EXPECT_TRUE(rc::check([](const std::string& bytes) {
    const Result<Path> path = Path::parse("/" + bytes);
    if (!path.ok()) {
      RC_ASSERT(path.status().code() == Code::kInvalidArgument);
      RC_ASSERT(path.status().message().find('\n') == std::string::npos);
      RC_ASSERT(is_utf8(path.status().message()));
      return;
    }
    const std::string text = path->text();
    RC_ASSERT(*Path::parse(text) == *path);
    RC_ASSERT(Path::parse(text)->text() == text);
    RC_ASSERT(text.find("//") == std::string::npos);
  }));
}

TEST(Path, NamesJoinedByAnySlashesComeBack) {
  const auto name = rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', 'z')));
  EXPECT_TRUE(rc::check([&] {
    const auto names = *rc::gen::container<std::vector<std::string>>(name);
    std::string text = "/";
    for (const std::string& part : names) {
      text += std::string(*rc::gen::inRange<std::size_t>(0, 3), '/') + part + "/";
    }
    RC_PRE(text.size() <= kMaxPathBytes && names.size() <= kMaxPathDepth);
    RC_ASSERT(Path::parse(text)->names() == names);
  }));
}

}  // namespace
}  // namespace dfs::wire
