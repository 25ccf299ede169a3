//! Codex's lines.

use anvil_usage::{Client, Ledger, Log};

use crate::{lines, read};

fn line(kind: &str, payload: &str) -> String {
    format!(r#"{{"timestamp":"2026-11-29T06:00:00.000Z","type":"{kind}","payload":{payload}}}"#)
}

fn head(id: &str, more: &str) -> String {
    line("session_meta", &format!(r#"{{"id":"{id}","cwd":"/work"{more}}}"#))
}

fn usage(input: u64, output: u64) -> String {
    format!(
        r#"{{"input_tokens":{input},"cached_input_tokens":10,"output_tokens":{output},"reasoning_output_tokens":1}}"#
    )
}

/// The event that tells the sums so far and the last answer.
fn count(sums: (u64, u64), last: Option<(u64, u64)>) -> String {
    let last = last.map_or("null".to_owned(), |(input, output)| usage(input, output));
    let info = format!(r#"{{"total_token_usage":{},"last_token_usage":{last}}}"#, usage(sums.0, sums.1));
    line("event_msg", &format!(r#"{{"type":"token_count","info":{info},"rate_limits":null}}"#))
}

fn record(response: &str, of: (u64, u64), sums: (u64, u64)) -> String {
    let (usage, thread) = (usage(of.0, of.1), usage(sums.0, sums.1));
    line(
        "token_usage_record",
        &format!(r#"{{"turn_id":"t","response_id":"{response}","usage":{usage},"thread_token_usage":{thread}}}"#),
    )
}

fn outputs(log: &Log) -> Vec<u64> {
    log.requests.iter().map(|request| request.tokens.output).collect()
}

fn codex(of: &[String]) -> Log {
    read(Client::Codex, &lines(of))
}

#[test]
fn an_event_that_says_nothing_new_is_no_answer() {
    let log = codex(&[
        head("a", ""),
        line("turn_context", r#"{"model":"gpt-x"}"#),
        line("event_msg", r#"{"type":"token_count","info":null,"rate_limits":{}}"#),
        count((100, 5), Some((100, 5))),
        count((100, 5), Some((100, 5))),
        count((250, 9), Some((150, 4))),
    ]);
    assert_eq!(outputs(&log), [5, 4]);
    let first = &log.requests[0];
    assert_eq!((first.tokens.fresh, first.tokens.cache_read, first.tokens.reasoning), (90, 10, 1));
    assert_eq!((first.model.as_deref(), first.folder.as_deref()), (Some("gpt-x"), Some("/work")));
}

#[test]
fn without_the_last_answers_own_the_sums_tell() {
    let log = codex(&[head("a", ""), count((100, 5), None), count((250, 9), None)]);
    assert_eq!(outputs(&log), [5, 4]);
}

#[test]
fn a_record_and_the_event_after_it_are_one_answer() {
    let log = codex(&[
        head("a", ""),
        record("r1", (100, 5), (100, 5)),
        line("response_item", r#"{"type":"function_call_output"}"#),
        count((100, 5), Some((100, 5))),
        record("r2", (150, 4), (250, 9)),
        count((250, 9), Some((150, 4))),
        // A compaction: a record that no event repeats.
        record("r3", (90, 3), (340, 12)),
        record("r4", (20, 2), (360, 14)),
        count((270, 11), Some((20, 2))),
        // An older client goes on with the session, and writes no records.
        count((300, 12), Some((30, 1))),
    ]);
    assert_eq!(outputs(&log), [5, 4, 3, 2, 1]);
}

#[test]
fn calls_belong_to_the_answer_that_makes_them() {
    let log = codex(&[
        head("a", ""),
        line("response_item", r#"{"type":"function_call","name":"exec_command","call_id":"c1","arguments":"{}"}"#),
        line("response_item", r#"{"type":"custom_tool_call","name":"apply_patch","call_id":"c2"}"#),
        line("response_item", r#"{"type":"function_call","name":"spawn_agent","call_id":"c3"}"#),
        count((100, 5), Some((100, 5))),
        count((200, 6), Some((100, 1))),
    ]);
    let tools: Vec<Vec<&str>> =
        log.requests.iter().map(|request| request.calls.iter().map(|call| &*call.tool).collect()).collect();
    assert_eq!(tools, [vec!["exec_command", "apply_patch", "spawn_agent"], vec![]]);
}

#[test]
fn a_spawned_session_is_a_sub_agents() {
    let source = r#","source":{"subagent":{"thread_spawn":{"parent_thread_id":"a","depth":1}}}"#;
    let log = codex(&[head("b", source), count((100, 5), Some((100, 5)))]);
    assert_eq!((log.session.parent.as_deref(), log.requests[0].is_subagent), (Some("a"), true));
    assert!(!codex(&[head("a", r#","source":"exec""#), count((1, 1), None)]).requests[0].is_subagent);
}

fn together(files: &[&[String]]) -> u64 {
    let mut ledger = Ledger::default();
    for file in files {
        ledger.add(codex(file));
    }
    ledger.finish().0.map(|request| request.tokens.output).sum()
}

#[test]
fn what_a_fork_copies_counts_once() {
    let history = [count((100, 5), Some((100, 5))), count((250, 9), Some((150, 4)))];
    let parent = [&[head("a", "")][..], &history, &[count((400, 20), Some((150, 11)))]].concat();
    // A history may bring the parent's own head.
    let fork =
        [&[head("b", r#","forked_from_id":"a""#), head("a", "")][..], &history, &[count((300, 10), Some((50, 1)))]]
            .concat();
    let fork_of_fork = [
        &[head("c", r#","forked_from_id":"b""#)][..],
        &history,
        &[count((300, 10), Some((50, 1))), count((301, 12), Some((1, 2)))],
    ]
    .concat();
    assert_eq!(together(&[&parent, &fork]), 5 + 4 + 11 + 1);
    assert_eq!(together(&[&fork_of_fork, &fork, &parent]), 5 + 4 + 11 + 1 + 2);
    // The parent's log is gone: what both forks have copied of it is counted with one of them.
    let sibling = [&[head("d", r#","forked_from_id":"a""#)][..], &history, &[count((260, 13), Some((10, 4)))]].concat();
    assert_eq!(together(&[&fork, &sibling]), 5 + 4 + 1 + 4);
}

#[test]
fn a_fork_that_refers_to_its_history_copies_nothing() {
    let parent = [head("a", ""), count((100, 5), Some((100, 5)))];
    let base = r#","forked_from_id":"a","history_base":{"thread_id":"a"}"#;
    let fork = [head("b", base), count((200, 10), Some((100, 5)))];
    assert_eq!(together(&[&parent, &fork]), 10);
}

#[test]
fn a_file_that_lies_in_two_places_counts_once() {
    let file = [head("a", ""), count((100, 5), Some((100, 5))), record("r", (20, 3), (120, 8))];
    assert_eq!(together(&[&file, &file]), 8);
}

#[test]
fn counts_that_are_none_make_an_answer_not_count() {
    let log =
        codex(&[head("a", ""), count((100, 5), Some((100, 5))).replace("\"output_tokens\":5", "\"output_tokens\":-5")]);
    assert_eq!((log.requests.len(), log.absurd), (0, 1));
}

#[test]
fn sessions_without_a_head_are_not_taken_for_each_other() {
    let one = [count((100, 5), Some((100, 5)))];
    assert_eq!(together(&[&one, &one]), 10);
}
