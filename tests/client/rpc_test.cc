#include "core/client/rpc.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>

namespace dfs::client {
namespace {

constexpr const char* kClient = "00112233445566778899aabbccddeeff";

class CallTest : public testing::Test {
 protected:
  void make(wire::Request request, RetryOptions options = {}) {
    call.emplace(std::move(request), numbers, options, Random(1));
    effects.clear();
    call->start(now, effects);
  }
  // The effects of `step`, which replace the former ones.
  template <class Step>
  void after(Step step) {
    effects.clear();
    step();
  }
  void fail(bool sent = true) {
    const auto attempt = sent_request().attempt;
    after([&] { call->failed(attempt, {Code::kUnavailable, "reset"}, sent, now, effects); });
  }
  void answer(wire::Reply reply) {
    const auto attempt = sent_request().attempt;
    after([&] { call->answered(attempt, std::move(reply), now, effects); });
  }
  void sleep() {
    now = std::get<WakeAt>(effects.at(0)).at;
    after([&] { call->wake(now, effects); });
  }
  const SendRequest& sent_request() { return std::get<SendRequest>(effects.at(0)); }
  const wire::Caller& caller() { return std::get<wire::Mkdir>(sent_request().request).caller; }
  Status outcome() { return std::get<Status>(std::get<CallDone>(effects.at(0)).reply); }

  Instant now{seconds(1000).us};
  RequestNumbers numbers{kClient, "ann"};
  std::optional<Call> call;
  CallEffects effects;
};

wire::Mkdir mkdir() {
  wire::Mkdir request;
  request.path = "/a";
  return request;
}

TEST_F(CallTest, AnAnswerEndsIt) {
  make(wire::Stat{"/a"});
  answer(wire::FileStatus{});
  EXPECT_TRUE(std::holds_alternative<wire::FileStatus>(std::get<CallDone>(effects.at(0)).reply));
}

TEST_F(CallTest, ARefusalIsFinal) {
  make(mkdir());
  answer(Status(Code::kAlreadyExists, "/a: File exists"));
  EXPECT_EQ(outcome().code(), Code::kAlreadyExists);
}

TEST_F(CallTest, HDFS_3031_ARetryKeepsItsNumberAndTellsItsAge) {
  make(mkdir());
  const wire::Caller first = caller();
  EXPECT_EQ(first.request, 1u);
  EXPECT_EQ(first.user, "ann");
  now = now + milliseconds(7);
  fail();
  sleep();
  EXPECT_EQ(caller().request, first.request);
  EXPECT_GE(caller().age_ms, 7u + 25u);
}

TEST_F(CallTest, SettledRequestsAreForgottenFromTheOldestOn) {
  const wire::Caller a = numbers.begin();
  const wire::Caller b = numbers.begin();
  EXPECT_EQ(numbers.settled_below(), a.request);
  numbers.settled(b.request);
  EXPECT_EQ(numbers.settled_below(), a.request);
  numbers.settled(a.request);
  EXPECT_EQ(numbers.settled_below(), b.request + 1);
}

TEST_F(CallTest, EveryEndSettlesItsNumber) {
  make(mkdir());
  EXPECT_EQ(numbers.settled_below(), 1u);
  answer(wire::Empty{});
  EXPECT_EQ(numbers.settled_below(), 2u);
}

TEST_F(CallTest, TheOtherNameNodeIsTriedAtOnceThenItBacksOff) {
  RetryOptions options;
  options.namenodes = 2;
  make(mkdir(), options);
  EXPECT_EQ(sent_request().namenode, 0u);
  fail();
  EXPECT_EQ(sent_request().namenode, 1u);
  fail();
  sleep();
  EXPECT_EQ(sent_request().namenode, 0u);
}

TEST_F(CallTest, B3_RetriesBackOffWithACap) {
  make(mkdir());
  Duration last{};
  for (int i = 0; i < 12; ++i) {
    fail();
    const Duration wait = std::get<WakeAt>(effects.at(0)).at - now;
    EXPECT_GE(wait, milliseconds(25));
    EXPECT_LE(wait, seconds(3));
    last = wait;
    sleep();
  }
  EXPECT_GE(last, milliseconds(1500));
}

TEST_F(CallTest, AMutationThatMayHaveArrivedEndsWithUnknownOutcome) {
  RetryOptions options;
  options.limit = seconds(10);
  make(mkdir(), options);
  fail(true);
  sleep();
  now = now + seconds(10);
  fail(false);
  EXPECT_EQ(outcome().code(), Code::kUnknownOutcome);
}

TEST_F(CallTest, ARefusalWithoutARecordDoesNotHideThatAnAttemptBeforeItMayStillArrive) {
  for (const Code code : {Code::kSafeMode, Code::kReadOnly, Code::kNotFound}) {
    for (const bool sent : {false, true}) {
      make(mkdir());
      fail(sent);
      sleep();
      answer(Status(code, "why"));
      const bool unknown = sent && code != Code::kNotFound;
      EXPECT_EQ(outcome().code(), unknown ? Code::kUnknownOutcome : code);
      EXPECT_THAT(outcome().message(), testing::HasSubstr("why"));
    }
  }
}

TEST_F(CallTest, AMutationThatNeverLeftTimesOut) {
  RetryOptions options;
  options.limit = seconds(10);
  make(mkdir(), options);
  now = now + seconds(11);
  fail(false);
  EXPECT_EQ(outcome().code(), Code::kTimedOut);
  EXPECT_EQ(outcome().message(), "no answer from the NameNode within 10 s (reset)");
}

TEST_F(CallTest, OneThatIsGivenUpTellsWhetherItMayBeDone) {
  for (const bool mutates : {false, true}) {
    for (const bool sent : {false, true}) {
      make(mutates ? wire::Request(mkdir()) : wire::Request(wire::Stat{"/a"}));
      fail(sent);
      after([&] { call->give_up({Code::kUnavailable, "interrupted"}, effects); });
      EXPECT_EQ(outcome(), mutates && sent ? Status(Code::kUnknownOutcome,
                                                    "interrupted; it may or may not have been done")
                                           : Status(Code::kUnavailable, "interrupted"));
      after([&] { call->give_up({Code::kUnavailable, "again"}, effects); });
      EXPECT_TRUE(effects.empty());
    }
  }
  EXPECT_EQ(numbers.settled_below(), 3u);
}

TEST_F(CallTest, AQuestionNeverHasAnUnknownOutcome) {
  RetryOptions options;
  options.limit = seconds(10);
  make(wire::Stat{"/a"}, options);
  now = now + seconds(11);
  fail(true);
  EXPECT_EQ(outcome().code(), Code::kTimedOut);
}

// Something broke on the way to the answer; the record of what was done is asked for it.
TEST_F(CallTest, AMutationWhoseAnswerBrokeDownIsSentAgainUnderItsNumber) {
  RetryOptions options;
  options.limit = seconds(10);
  make(mkdir(), options);
  const std::uint64_t number = caller().request;
  answer(Status(Code::kInternal, "internal error"));
  sleep();
  EXPECT_EQ(caller().request, number);
  now = now + seconds(10);
  answer(Status(Code::kInternal, "internal error"));
  EXPECT_EQ(outcome().code(), Code::kUnknownOutcome);
  EXPECT_THAT(outcome().message(), testing::HasSubstr("internal error"));
}

TEST_F(CallTest, AQuestionWhoseAnswerBrokeDownIsNotAskedAgain) {
  make(wire::Stat{"/a"});
  answer(Status(Code::kInternal, "internal error"));
  EXPECT_EQ(outcome().code(), Code::kInternal);
}

TEST_F(CallTest, SafeModeIsNotWaitedFor) {
  make(mkdir());
  answer(Status(Code::kSafeMode, "/a: the NameNode is in safe mode"));
  EXPECT_EQ(outcome().code(), Code::kSafeMode);
}

TEST_F(CallTest, TooFewDataNodesAreWaitedForAShortTime) {
  make(wire::Create{});
  answer(Status(Code::kNotEnoughDataNodes, "x"));
  sleep();
  now = now + seconds(15);
  answer(Status(Code::kNotEnoughDataNodes, "x"));
  EXPECT_EQ(outcome().code(), Code::kNotEnoughDataNodes);
}

TEST_F(CallTest, TooFewDataNodesBesideTheExcludedOnesAreTheMakersProblem) {
  wire::Allocate request;
  request.exclude = {NodeId{1}};
  make(request);
  answer(Status(Code::kNotEnoughDataNodes, "x"));
  EXPECT_EQ(outcome().code(), Code::kNotEnoughDataNodes);
}

TEST_F(CallTest, ALateAnswerOfAnAttemptGivenUpIsIgnored) {
  make(mkdir());
  const auto old = sent_request().attempt;
  fail();
  sleep();
  const CallEffects before = std::move(effects);
  effects.clear();
  call->answered(old, Status(Code::kNotFound, "x"), now, effects);
  call->failed(old, {Code::kIo, "x"}, true, now, effects);
  call->wake(now, effects);
  EXPECT_TRUE(effects.empty());
}

TEST_F(CallTest, WhatComesAfterTheEndOrWhileItWaitsToRetryIsIgnored) {
  make(mkdir());
  const auto attempt = sent_request().attempt;
  const auto nothing_comes_of_anything = [&] {
    effects.clear();
    call->answered(attempt, wire::Empty{}, now, effects);
    call->failed(attempt, {Code::kIo, "x"}, true, now, effects);
    return effects.empty();
  };
  fail();
  const Instant due = std::get<WakeAt>(effects.at(0)).at;
  EXPECT_TRUE(nothing_comes_of_anything());
  now = due;
  after([&] { call->wake(now, effects); });
  answer(wire::Empty{});
  EXPECT_TRUE(nothing_comes_of_anything());
  call->wake(now + seconds(100), effects);
  EXPECT_TRUE(effects.empty());
}

TEST_F(CallTest, AfterItsLimitItEndsOnceHoweverOftenItIsWoken) {
  RetryOptions options;
  options.limit = seconds(10);
  make(mkdir(), options);
  fail();
  now = now + seconds(20);
  after([&] { call->wake(now, effects); });
  EXPECT_EQ(outcome().code(), Code::kUnknownOutcome);
  after([&] { call->wake(now, effects); });
  EXPECT_TRUE(effects.empty());
}

TEST_F(CallTest, ANameNodeThatIsBusyOrWhoseDiskFailedIsAskedAgain) {
  for (const Code code : {Code::kUnavailable, Code::kTimedOut, Code::kIo}) {
    make(wire::Stat{"/a"});
    answer(Status(code, "x"));
    EXPECT_TRUE(std::holds_alternative<WakeAt>(effects.at(0))) << to_string(code);
  }
}

TEST_F(CallTest, ANumberIsSettledOnceAndOnlyIfItWasGivenOut) {
  const wire::Caller a = numbers.begin();
  numbers.settled(a.request + 1);
  numbers.settled(a.request - 1);
  EXPECT_EQ(numbers.settled_below(), a.request);
  numbers.settled(a.request);
  numbers.settled(a.request);
  EXPECT_EQ(numbers.settled_below(), a.request + 1);
}

TEST_F(CallTest, WakingEarlyChangesNothing) {
  make(mkdir());
  fail();
  const Instant due = std::get<WakeAt>(effects.at(0)).at;
  effects.clear();
  call->wake(Instant{due.us - 1}, effects);
  EXPECT_TRUE(effects.empty());
  call->wake(due, effects);
  EXPECT_EQ(effects.size(), 1u);
}

TEST(Call, WhateverHappensItEndsOnceWithinItsLimitAndIsPatient) {
  EXPECT_TRUE(rc::check([] {
    RetryOptions options;
    options.limit = milliseconds(*rc::gen::inRange(0, 60000));
    options.namenodes = *rc::gen::inRange(1u, 4u);
    RequestNumbers numbers(kClient, "ann");
    Call call(mkdir(), numbers, options, Random(*rc::gen::arbitrary<std::uint64_t>()));
    Instant now{5};
    const Instant start = now;
    int attempts = 0;
    int done = 0;
    CallEffects effects;
    call.start(now, effects);
    while (done == 0) {
      RC_ASSERT(effects.size() == 1);
      const CallEffect effect = effects.front();
      effects.clear();
      if (const auto* send = std::get_if<SendRequest>(&effect)) {
        ++attempts;
        RC_ASSERT(send->timeout > Duration{});
        now = now + Duration{*rc::gen::inRange<std::int64_t>(0, send->timeout.us + 1)};
        if (*rc::gen::inRange(0, 3) == 0) {
          call.answered(send->attempt, Status(Code::kUnavailable, "busy"), now, effects);
        } else {
          call.failed(send->attempt, {Code::kTimedOut, "t"}, *rc::gen::arbitrary<bool>(), now,
                      effects);
        }
      } else if (const auto* wake = std::get_if<WakeAt>(&effect)) {
        RC_ASSERT(wake->at >= now);
        now = wake->at;
        call.wake(now, effects);
      } else {
        ++done;
      }
    }
    RC_ASSERT(effects.empty());
    RC_ASSERT(now - start <= options.limit + milliseconds(1));
    // At least half of first_backoff lies between two rounds, and half of the cap soon.
    const auto rounds = (now - start).us / milliseconds(25).us + 1;
    RC_ASSERT(attempts <= (rounds + 1) * options.namenodes);
    RC_ASSERT(numbers.settled_below() == 2);
  }));
}

}  // namespace
}  // namespace dfs::client
